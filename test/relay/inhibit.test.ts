import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { enrich } from '../../relay/enrich.ts'
import { createInhibition } from '../../relay/inhibit.ts'
import type { LoginEvent } from '../../relay/model/event.ts'
import type { Meaning } from '../../relay/model/meaning.ts'
import type { Target } from '../../relay/model/target.ts'
import { recordOf } from '../helpers/alerts.ts'
import { openTables } from '../helpers/database.ts'

const HOUR = 3_600_000
const rule = {
  name: 'flood',
  source: { situation: ['brute_force'] },
  target: { outcome: ['failure'] },
  equal: ['source' as const],
  forMs: HOUR,
}
const ops: Target = { notifier: 'ops', priority: 0, group: null }
const refused: Partial<LoginEvent> = { type: 'auth', outcome: 'failure' }
const attack = (situation: 'brute_force' | 'break_in') => ({
  attack: { situation, failures: 9, users: 1, more: false, since: '2026-11-20T14:38:36.000000Z' },
})

function start(t: TestContext) {
  const { inhibitions, db } = openTables(t)
  const hold = createInhibition([rule], inhibitions)
  return {
    db,
    /** Why it is held; null: it is told. */
    why(nowMs: number, fields: Partial<LoginEvent>, meaning: Partial<Meaning> = {}) {
      const record = recordOf(fields)
      const [target] = hold([ops], record, { ...enrich(record), ...meaning }, nowMs)
      return target?.group?.held ?? null
    },
  }
}

describe('what keeps others silent', () => {
  test('does so from its second on, where both are the same, and for as long as it goes on', (t) => {
    const { why } = start(t)
    assert.equal(why(0, refused), null)
    assert.equal(why(1, refused, attack('brute_force')), null, 'the one that starts it is told')
    assert.equal(why(2, refused, attack('brute_force')), 'inhibited (flood)')
    assert.equal(why(3, refused), 'inhibited (flood)')
    assert.equal(why(4, { ...refused, rhost: '192.0.2.8' }), null, 'of another source')
    assert.equal(why(5, {}), null, 'a success is no target')
    assert.equal(why(2 + HOUR, refused), null, 'an hour after the last')
  })

  test('takes an IPv6 /64 as one source', (t) => {
    const { why } = start(t)
    why(0, { ...refused, rhost: '2001:db8:1:2::1' }, attack('brute_force'))
    assert.equal(why(1, { ...refused, rhost: '2001:db8:1:2::9' }), 'inhibited (flood)')
    assert.equal(why(2, { ...refused, rhost: '2001:db8:1:3::9' }), null)
  })

  test('never keeps a break-in silent, nor is it longer for a clock that was put back', (t) => {
    const { why } = start(t)
    why(10 * HOUR, refused, attack('brute_force'))
    assert.equal(why(10 * HOUR, refused, attack('break_in')), null)
    assert.equal(why(8 * HOUR, refused), null)
  })

  test('takes no room when it is over', (t) => {
    const { why, db } = start(t)
    for (let i = 0; i < 50; i++) why(i * HOUR * 2, { ...refused, rhost: `192.0.2.${i}` }, attack('brute_force'))
    assert.equal(db.prepare('SELECT count(*) AS n FROM inhibition').get()?.n, 1)
  })
})

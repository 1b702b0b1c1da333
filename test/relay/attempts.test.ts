import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { createAttemptCount, MANY } from '../../relay/attempts.ts'
import { enrich } from '../../relay/enrich.ts'
import type { LoginEvent } from '../../relay/model/event.ts'
import { recordOf } from '../helpers/alerts.ts'
import { openTables } from '../helpers/database.ts'

const HOUR = 3_600_000
const START = Date.parse('2026-11-20T00:00:00Z')
const at = (ms: number) => new Date(START + ms).toISOString().replace('Z', '000Z')

function start(t: TestContext, path?: string) {
  const tables = openTables(t, path)
  const counting = createAttemptCount(tables.attempts)
  const see = (fields: Partial<LoginEvent>) => {
    const record = recordOf(fields)
    return counting.count(record, enrich(record)).attack
  }
  return {
    ...tables,
    see,
    refuse(n: number, fields: Partial<LoginEvent> = {}, ms = 0) {
      const refused = { type: 'auth', outcome: 'failure', rhost: '203.0.113.9', time: at(ms) } as const
      return Array.from({ length: n }, (_, i) => see({ ...refused, user: `user-${i}`, ...fields })).at(-1)
    },
  }
}

const login = { rhost: '203.0.113.9', user: 'alice', time: at(HOUR) }

describe('what went before', () => {
  test('a success after many refusals of the same source is a break-in, told once', (t) => {
    const { refuse, see } = start(t)
    refuse(4000)
    assert.deepEqual(see(login), { situation: 'break_in', failures: 4000, users: 100, more: true, since: at(0) })
    assert.equal(see(login), null)
    refuse(MANY)
    assert.equal(see(login)?.failures, MANY, 'and again after others')
  })

  test("a person's slips are none, nor is another source's success", (t) => {
    const { refuse, see } = start(t)
    assert.equal(refuse(MANY - 1), null)
    assert.equal(see(login), null)
    assert.equal(refuse(1)?.situation, 'brute_force', 'a success in between hides nothing')
    assert.equal(see({ ...login, rhost: '203.0.113.8' }), null)
    assert.equal(see({ ...login, rhost: null }), null)
  })

  test('an IPv6 /64 is one source, whichever of its addresses asks', (t) => {
    const { refuse, see } = start(t)
    for (let i = 1; i <= MANY; i++) refuse(1, { rhost: `2001:db8:1:2::${i}` })
    assert.equal(see({ ...login, rhost: '2001:db8:1:3::1' }), null, 'its neighbour is another')
    assert.equal(see({ ...login, rhost: '2001:db8:1:2:3:4:5:6' })?.failures, MANY)
  })

  test('IPv4 addresses behind a translator stay sources of their own', (t) => {
    const { refuse, see } = start(t)
    refuse(MANY, { rhost: '64:ff9b::203.0.113.9' })
    assert.equal(see({ ...login, rhost: '64:ff9b::192.0.2.7' }), null)
    assert.equal(see({ ...login, rhost: '64:ff9b::203.0.113.9' })?.situation, 'break_in')
  })

  test('on the machine itself they are those of who asks', (t) => {
    const { refuse, see } = start(t)
    const su = { rhost: null, service: 'su', ruser: 'bob', user: 'root' }
    refuse(MANY, su)
    assert.equal(see({ ...su, ruser: 'eve', time: at(0) }), null)
    assert.equal(see({ ...su, time: at(0) })?.failures, MANY)
  })

  test('closing a session is no success', (t) => {
    const { refuse, see } = start(t)
    refuse(MANY)
    assert.equal(see({ ...login, type: 'close_session' }), null)
    assert.equal(see(login)?.situation, 'break_in')
  })

  test('they are forgotten after half a day of silence, and take no room then', (t) => {
    const { refuse, see, db } = start(t)
    for (let i = 0; i < 20; i++) refuse(MANY, { rhost: `203.0.113.${i}` })
    assert.equal(see({ ...login, time: at(13 * HOUR) }), null)
    for (let i = 0; i < 10; i++) refuse(1, { rhost: `198.51.100.${i}` }, 13 * HOUR)
    assert.equal(db.prepare('SELECT count(*) AS n FROM attempts').get()?.n, 10)
  })

  test('a restart forgets nothing', (t) => {
    const first = start(t)
    first.refuse(MANY)
    first.db.close()
    assert.equal(start(t, first.path).see(login)?.failures, MANY)
  })
})

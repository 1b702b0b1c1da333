import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { createSessions } from '../../../relay/db/sessions.ts'
import type { LoginEvent } from '../../../relay/model/event.ts'
import { askerOf } from '../../../relay/model/facts.ts'
import { recordOf } from '../../helpers/alerts.ts'
import { openTables } from '../../helpers/database.ts'

const sudo = { rhost: null, service: 'sudo', user: 'root', ruser: 'alice', tty: '/dev/pts/0' } as const
const at = (time: string) => `2026-11-20T${time}.000000Z`

function noting(t: TestContext, path?: string, boot: string | null = null) {
  const tables = openTables(t, path)
  const sessions = createSessions(tables.db, boot)
  return {
    ...tables,
    /** What each event closes. */
    take(fields: Partial<LoginEvent>) {
      const record = recordOf(fields)
      const closed = sessions.closedBy(record)
      sessions.note(record, askerOf(record, null))
      return closed
    },
  }
}

describe('sessions', () => {
  test('opening and closing are one by process, service and user, with the length between', (t) => {
    const { take } = noting(t)
    take({ time: at('10:00:00') })
    take({ time: at('10:00:01'), service: 'systemd-user' })
    take({ time: at('10:00:02'), user: 'bob' })
    const close = { type: 'close_session', time: at('13:12:05') } as const
    assert.equal(take({ ...close, pid: 1 }), null)
    assert.deepEqual(take(close), { opened: at('10:00:00'), seconds: 11_525, inside: {} })
    assert.equal(take(close), null, 'it is closed already')
    assert.equal(take({ ...close, service: 'systemd-user' })?.seconds, 11_524)
    assert.equal(take({ ...close, user: 'bob', time: at('09:00:00') })?.seconds, 0, 'the clock was set back')
  })

  test('a process number that is used again opens anew', (t) => {
    const { take } = noting(t)
    take({ time: at('10:00:00') })
    take({ time: at('11:00:00') })
    assert.equal(take({ type: 'close_session', time: at('11:00:05') })?.seconds, 5)
  })

  test('what its user became is counted, on its own terminal where that is known', (t) => {
    const { take } = noting(t)
    take({ pid: 1 })
    take({ pid: 2, service: 'login', rhost: null, tty: 'tty1' })
    take({ pid: 3, user: 'bob' })
    take({ ...sudo, pid: 4 })
    take({ ...sudo, pid: 5, tty: '/dev/tty1' })
    take({ ...sudo, pid: 6, service: '__proto__', user: 'bob' })
    const inside = (fields: Partial<LoginEvent>) =>
      Object.entries(take({ type: 'close_session', ...fields })?.inside ?? {})
    assert.deepEqual(inside({ pid: 1 }), [
      ['sudo', 2],
      ['__proto__', 1],
    ])
    assert.deepEqual(inside({ pid: 2, service: 'login', tty: 'tty1' }), [['sudo', 1]])
    assert.deepEqual(inside({ pid: 3, user: 'bob' }), [])
  })

  test('they outlive the relay, but not the machine', (t) => {
    const first = noting(t)
    first.take({ pid: 1 })
    first.db.close()
    const second = noting(t, first.path)
    assert.notEqual(second.take({ pid: 1, type: 'close_session' }), null)
    second.take({ pid: 1 })
    second.db.close()
    assert.equal(noting(t, first.path, 'another').take({ pid: 1, type: 'close_session' }), null)
  })

  test('however they are mixed, each closes its own', (t) => {
    const { take } = noting(t)
    const step = fc.record({
      pid: fc.integer({ min: 1, max: 3 }),
      user: fc.constantFrom('alice', 'bob'),
      opens: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const model = new Map<string, string>()
        for (let pid = 1; pid <= 3; pid++)
          for (const user of ['alice', 'bob']) take({ pid, user, type: 'close_session' })
        steps.forEach(({ pid, user, opens }, i) => {
          const key = `${pid} ${user}`
          const time = at(`10:00:${String(i).padStart(2, '0')}`)
          const closed = take({ pid, user, time, type: opens ? 'open_session' : 'close_session' })
          assert.equal(closed?.opened, opens ? undefined : model.get(key))
          if (opens) model.set(key, time)
          else model.delete(key)
        })
      }),
      { numRuns: 50 },
    )
  })
})

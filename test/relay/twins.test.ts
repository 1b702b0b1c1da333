import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { createTwins } from '../../relay/db/twins.ts'
import { enrich } from '../../relay/enrich.ts'
import type { EventRecord, LogEvent, LoginEvent } from '../../relay/model/event.ts'
import { createTwinJudge } from '../../relay/twins.ts'
import { loginEvent } from '../helpers/alerts.ts'
import { openTables } from '../helpers/database.ts'
import { at, eventsOf, pamFailure } from '../helpers/logs.ts'

const host = { name: 'web-1', machine_id: null, boot_id: null }

/** Of each event in this order: for how many attempts it speaks first, and else who did. */
function judged(
  t: TestContext,
  events: readonly (LoginEvent | LogEvent)[],
): [news: number | undefined, sameAs: number | undefined][] {
  const { db, events: table } = openTables(t)
  const judge = createTwinJudge(createTwins(db))
  return events.map((event, i) => {
    const record: EventRecord = { ...event, host, seq: i + 1 }
    table.insert(i + 1, `${i}`, JSON.stringify(record), new Uint8Array(32))
    const { tells: news, same_as } = judge(record, enrich(record))
    return [news, same_as]
  })
}

const logged = (...lines: string[]) => eventsOf(lines).filter((event) => event !== null)
const hook = (second: number, fields: Partial<LoginEvent> = {}) =>
  loginEvent({
    ...{
      time: `2026-11-20T08:00:${String(second).padStart(2, '0')}.500000Z`,
      type: 'auth',
      outcome: 'failure',
      user: 'root',
      pid: 7,
    },
    ...fields,
  })
const failed = (second: number, user = 'root', pid = 7) =>
  at(second, `sshd[${pid}]: Failed password for ${user} from 192.0.2.7 port 4022 ssh2`)

describe('one attempt', () => {
  test('that hook, pam_unix and sshd tell of is one, in any order', (t) => {
    const [pam, sshd] = logged(at(1, `sshd[7]: ${pamFailure('root')}`), failed(3))
    assert.ok(pam && sshd)
    const told = { hook: hook(1), pam, sshd }
    for (const order of [
      [told.hook, told.pam, told.sshd],
      [told.sshd, told.pam, told.hook],
      [told.pam, told.hook, told.sshd],
    ])
      assert.deepEqual(judged(t, order), [
        [1, undefined],
        [0, 1],
        [0, 1],
      ])
  })

  test('is told from the next one on the same connection', (t) => {
    const events = [hook(1), ...logged(failed(3)), hook(4), hook(7), ...logged(failed(6), failed(9))]
    assert.deepEqual(
      judged(t, events).map(([news]) => news),
      [1, 0, 1, 1, 0, 0],
    )
  })

  test('with repeats folded on both sides is as many as there were', (t) => {
    const events = logged(
      at(1, `sshd[7]: ${pamFailure('root')}`),
      failed(3),
      at(9, 'sshd[7]: message repeated 2 times: [ Failed password for root from 192.0.2.7 port 4022 ssh2]'),
      at(
        10,
        `sshd[7]: PAM 2 more authentication failures; logname= uid=0 euid=0 tty=ssh ruser= rhost=192.0.2.7  user=root`,
      ),
    )
    assert.deepEqual(
      judged(t, events).map(([news]) => news),
      [1, 0, 2, 0],
    )
  })

  test('of a user who does not exist is one, from the first line to the end of the connection', (t) => {
    const events = logged(
      at(0, 'sshd[7]: Invalid user bob from 192.0.2.7 port 4022'),
      at(1, `sshd[7]: ${pamFailure(null)}`),
      at(3, 'sshd[7]: Failed password for invalid user bob from 192.0.2.7 port 4022 ssh2'),
      at(60, 'sshd[7]: Connection closed by invalid user bob 192.0.2.7 port 4022 [preauth]'),
    )
    assert.deepEqual(
      judged(t, events).map(([news]) => news),
      [1, 0, 0, 0],
    )
  })

  test('by key is none by password', (t) => {
    const key = at(2, 'sshd[7]: Failed publickey for root from 192.0.2.7 port 4022 ssh2: ED25519 SHA256:abc')
    assert.deepEqual(
      judged(t, [hook(1), ...logged(key)]).map(([news]) => news),
      [1, 1],
    )
  })

  test('is not another user’s, another host’s, or one of ten minutes ago', (t) => {
    const others = [failed(3, 'bob', 8), failed(4, 'root', 9).replace('192.0.2.7', '192.0.2.8'), failed(700)]
    assert.deepEqual(
      judged(t, [hook(1), ...logged(...others)]).map(([news]) => news),
      [1, 1, 1, 1],
    )
  })

  test('is not that of another connection, be it by the same user from the same host', (t) => {
    const gaveUp = at(0, 'sshd[6]: Connection closed by authenticating user root 192.0.2.7 port 4021 [preauth]')
    assert.deepEqual(
      judged(t, [...logged(gaveUp), hook(1), ...logged(failed(3))]).map(([news]) => news),
      [1, 1, 0],
    )
  })

  test('whose questions PAM asks in a process of its own is one', (t) => {
    const asked = (second: number, text: string) => at(second, `sshd[7]: ${text}`)
    const events = logged(
      at(1, `sshd[8]: ${pamFailure('root')}`),
      asked(3, 'error: PAM: Authentication failure for root from 192.0.2.7'),
      asked(3, 'Failed keyboard-interactive/pam for root from 192.0.2.7 port 4022 ssh2'),
    )
    for (const order of [
      [hook(1, { pid: 8 }), ...events],
      [...events, hook(1, { pid: 8 })],
    ])
      assert.deepEqual(
        judged(t, order).map(([news]) => news),
        [1, 0, 0, 0],
      )
  })

  test('that succeeds is one login', (t) => {
    const events = [
      hook(1, { type: 'open_session', outcome: 'success', user: 'alice' }),
      ...logged(
        at(1, 'sshd[7]: Accepted publickey for alice from 192.0.2.7 port 4022 ssh2: ED25519 SHA256:abc'),
        at(1, 'sshd[7]: pam_unix(sshd:session): session opened for user alice(uid=1000) by (uid=0)'),
      ),
    ]
    assert.deepEqual(
      judged(t, events).map(([news]) => news),
      [1, 0, 0],
    )
  })

  test('of su - is one, though PAM calls it su-l', (t) => {
    const refused = hook(1, { service: 'su-l', rhost: null, ruser: 'alice', tty: 'pts/1' })
    assert.deepEqual(
      judged(t, [refused, ...logged(at(3, 'su[7]: FAILED SU (to root) alice on pts/1'))]).map(([news]) => news),
      [1, 0],
    )
  })

  test('that a forged line speaks of is told of all the same, whatever process the line names', (t) => {
    const lines = [
      'sshd[7]: Accepted publickey for deploy from 198.51.100.4 port 22 ssh2: ED25519 SHA256:abc',
      'sshd[7]: Accepted password for root from 198.51.100.4 port 22 ssh2',
      'sshd[7]: pam_unix(sshd:session): session opened for user root by (uid=0)',
    ]
    const login = hook(1, { type: 'open_session', outcome: 'success', user: 'root' })
    for (const line of lines)
      assert.deepEqual(
        judged(t, [...logged(at(1, line)), login]).map(([news]) => news),
        [1, 1],
        line,
      )
    const su = hook(1, { service: 'su', type: 'open_session', outcome: 'success', rhost: null, ruser: 'mallory' })
    const said = (who: string) => logged(at(1, `su[7]: (to root) ${who} on pts/1`))
    assert.deepEqual(
      [judged(t, [...said('alice'), su]), judged(t, [...said('mallory'), su])].map(([, second]) => second?.[0]),
      [1, 0],
    )
    const refused = hook(1, { service: 'su', rhost: null, ruser: 'mallory' })
    assert.deepEqual(
      judged(t, [...logged(at(1, 'su[7]: FAILED SU (to nobody) mallory on pts/1')), refused]).map(([news]) => news),
      [1, 1],
    )
  })
})

import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { describe, test } from 'node:test'
import { VERSION } from '../../relay/model/version.ts'
import { createNetwork } from '../../relay/notifiers/http.ts'
import { syslog } from '../../relay/notifiers/syslog.ts'
import { alertOf } from '../helpers/alerts.ts'
import { createAuthority } from '../helpers/certs.ts'
import { attemptOf, dependencies } from '../helpers/notifiers.ts'
import { createSyslogServer, framesOf, parseSyslog } from '../helpers/syslog-server.ts'

async function plain(t: TestContext) {
  const server = await createSyslogServer(t)
  return { server, notifier: syslog.create({ host: '127.0.0.1', port: server.port, tls: false }, dependencies()) }
}

describe('syslog', () => {
  test('a line with all that is known of the login', async (t) => {
    const { server, notifier } = await plain(t)
    assert.deepEqual(await notifier.send(alertOf(), attemptOf('the-key.logs')), { kind: 'delivered' })
    assert.deepEqual(server.faults, [])
    assert.deepEqual(server.messages, [
      {
        facility: 10,
        severity: 5,
        time: '2026-11-20T14:38:36.123456Z',
        host: 'web-1',
        app: 'pam-alert',
        pid: '4666',
        id: 'open_session',
        data: {
          origin: { software: 'pam-alert', swVersion: VERSION },
          'pam-alert@32473': {
            key: 'the-key.logs',
            count: '1',
            type: 'open_session',
            outcome: 'success',
            service: 'sshd',
            user: 'alice',
            tty: 'ssh',
            source: '192.0.2.7',
          },
        },
        text: 'alice logged in to web-1 (sshd) from 192.0.2.7',
      },
    ])
  })

  test('over TLS, to the name in the certificate alone', async (t) => {
    const authority = await createAuthority()
    const network = createNetwork(null, authority.cert)
    for (const [name, ends] of [
      ['127.0.0.1', 'delivered'],
      ['127.0.0.2', 'retry'],
    ] as const) {
      const { port, messages } = await createSyslogServer(t, await authority.issue(name))
      const notifier = syslog.create({ host: '127.0.0.1', port }, { ...dependencies(), network })
      const outcome = await notifier.send(alertOf(), attemptOf('k'))
      assert.equal(outcome.kind, ends, JSON.stringify(outcome))
      assert.equal(messages.length, ends === 'delivered' ? 1 : 0)
    }
  })

  test('no value breaks out of its quotes, and no line out of its frame', async (t) => {
    const { server, notifier } = await plain(t)
    const user = 'a"b]c\\d [x y="z"] 語 \u2028'
    await notifier.send({ ...alertOf({ user }), text: `${user}\n<0>1 forged` }, attemptOf('k'))
    await notifier.send(alertOf({ user: '語'.repeat(4000), service: '"'.repeat(4000) }), attemptOf('k'))
    assert.deepEqual(server.faults, [])
    assert.equal(server.messages[0]?.data['pam-alert@32473']?.user, user)
    assert.equal(server.messages[0]?.text, `${user} <0>1 forged`)
    assert.equal(server.messages.length, 2)
  })

  test('severity is the priority; its own notices have no process', async (t) => {
    const { server, notifier } = await plain(t)
    for (const priority of [-2, -1, 0, 1, 2] as const) await notifier.send({ ...alertOf(), priority }, attemptOf('k'))
    await notifier.send({ ...alertOf(), record: null, meaning: null }, attemptOf('k'))
    assert.deepEqual(
      server.messages.map(({ severity }) => severity),
      [6, 6, 5, 4, 1, 5],
    )
    const { pid, id } = server.messages.at(-1) ?? {}
    assert.deepEqual([pid, id], ['-', 'notice'])
  })

  test("the fake's reader is strict", () => {
    assert.throws(() => framesOf(Buffer.from('5 abc')), /a frame is cut/)
    assert.throws(() => framesOf(Buffer.from('<34>1 abc')), /no MSG-LEN/)
    const head = '<34>1 2026-11-20T14:38:36Z h a - -'
    assert.throws(() => parseSyslog(`${head} [x y="a"b"]`), /no structured data/)
    assert.throws(() => parseSyslog(`${head} - zoë`), /without its mark/)
    assert.equal(parseSyslog(`${head} [x@1 y="a\\"b"] hi`).data['x@1']?.y, 'a"b')
  })
})

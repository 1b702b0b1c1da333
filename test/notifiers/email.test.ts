import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { describe, test } from 'node:test'
import type { SMTPServerOptions } from 'smtp-server'
import { email } from '../../relay/notifiers/email.ts'
import { createNetwork } from '../../relay/notifiers/http.ts'
import { alertOf } from '../helpers/alerts.ts'
import { createAuthority } from '../helpers/certs.ts'
import { attemptOf, dependencies } from '../helpers/notifiers.ts'
import { createSmtp, SMTP_ACCOUNT, smtpError } from '../helpers/smtp.ts'

const options = { host: '127.0.0.1', user: SMTP_ACCOUNT.user, from: 'alerts@example.org', to: 'ops@example.org' }

async function reach(
  t: TestContext,
  wanted: object = {},
  behaviour: SMTPServerOptions = {},
  password = SMTP_ACCOUNT.password as string,
) {
  const authority = await createAuthority()
  const server = await createSmtp(t, await authority.issue('127.0.0.1'), behaviour)
  const network = createNetwork(null, authority.cert)
  const notifier = email.create(
    { ...options, port: server.port, ...wanted },
    { ...dependencies({ password }), network },
  )
  return { server, notifier }
}

describe('email', () => {
  test('goes out encrypted, in the name of its account', async (t) => {
    const { server, notifier } = await reach(t, {
      to: ['ops@example.org', 'bob@example.net'],
      click: 'https://wiki.example',
    })
    const outcome = await notifier.send(alertOf(), attemptOf('019a-1.mail'))
    assert.deepEqual(outcome, { kind: 'delivered', receipt: '250 queued as 1' })
    const [{ headers, body, ...envelope } = { headers: new Map(), body: '' }] = server.mails
    assert.deepEqual(envelope, {
      from: 'alerts@example.org',
      to: ['ops@example.org', 'bob@example.net'],
      secure: true,
      user: SMTP_ACCOUNT.user,
    })
    assert.equal(headers.get('subject'), 'web-1: alice logged in')
    assert.equal(headers.get('message-id'), '<019a-1.mail@example.org>')
    assert.equal(headers.get('date'), 'Fri, 20 Nov 2026 14:38:36 +0000')
    assert.equal(headers.get('auto-submitted'), 'auto-generated')
    assert.equal(headers.has('in-reply-to'), false)
    const lines = [
      'alice logged in to web-1 (sshd) from 192.0.2.7',
      '',
      '2026-11-20T14:38:36.123456Z',
      'https://wiki.example',
    ]
    assert.deepEqual(body.trimEnd().split('\r\n'), lines)
  })

  test('the mails of a group are one thread; a priority is in the header', async (t) => {
    const { server, notifier } = await reach(t)
    for (const [group, priority] of [
      ['a', 1],
      ['a', -1],
      ['b', 0],
    ] as const)
      await notifier.send({ ...alertOf(), group, priority }, attemptOf(`k${priority}`))
    const header = (name: string) => server.mails.map(({ headers }) => headers.get(name))
    const [first, second, other] = header('references')
    assert.ok(first?.endsWith('@example.org>') && first === second && first !== other)
    assert.deepEqual(header('in-reply-to'), [first, second, other])
    assert.deepEqual(header('x-priority'), ['1 (Highest)', '5 (Lowest)', undefined])
    assert.deepEqual(header('importance'), ['High', 'Low', undefined])
  })

  test('no text becomes a header or a recipient', async (t) => {
    const { server, notifier } = await reach(t)
    const text = 'x\r\nBcc: evil@evil.example\r\n\r\n.\r\nQUIT'
    await notifier.send({ ...alertOf({ user: 'zoë' }), title: text, text }, attemptOf('k'))
    assert.deepEqual(server.mails[0]?.to, ['ops@example.org'])
    assert.equal(server.mails[0]?.headers.has('bcc'), false)
    assert.match(server.mails[0]?.headers.get('subject') ?? '', /^=\?UTF-8\?Q\?x_Bcc/)
  })

  test('a server that offers no encryption gets neither mail nor password', async (t) => {
    const { server, notifier } = await reach(t, {}, { hideSTARTTLS: true, disabledCommands: ['STARTTLS'] })
    const outcome = await notifier.send(alertOf(), attemptOf('k'))
    assert.equal(outcome.kind, 'retry')
    assert.deepEqual(server.mails, [])
  })

  test('a wrong password pauses it, and stays out of the reason', async (t) => {
    const { notifier } = await reach(t, {}, {}, 'hunter2-hunter2')
    const outcome = await notifier.send(alertOf(), attemptOf('k'))
    assert.ok(outcome.kind === 'retry' && outcome.pause, JSON.stringify(outcome))
    assert.match(outcome.reason, /535 5\.7\.8 authentication failed: alerts@example\.org \[secret\]/)
  })

  test('an account is never left unused', async (t) => {
    const { server, notifier } = await reach(t, {}, { disabledCommands: ['AUTH'] })
    const outcome = await notifier.send(alertOf(), attemptOf('k'))
    assert.ok(outcome.kind === 'retry' && outcome.pause, JSON.stringify(outcome))
    assert.deepEqual(server.mails, [])
  })

  test('who refuses the mail refuses this one; who refuses its recipient refuses all: that can be mended', async (t) => {
    const at = (name: 'onRcptTo' | 'onMailFrom', status: number): SMTPServerOptions => ({
      [name]: (_: unknown, __: unknown, callback: (error: Error) => void) => callback(smtpError(status, 'no')),
    })
    const data = (status: number): SMTPServerOptions => ({
      onData(stream, _, callback) {
        stream.resume().on('end', () => callback(smtpError(status, 'no')))
      },
    })
    for (const [behaviour, ends, pause] of [
      [data(554), 'refused', undefined],
      [data(451), 'retry', undefined],
      [at('onRcptTo', 550), 'retry', true],
      [at('onRcptTo', 450), 'retry', undefined],
      [at('onMailFrom', 553), 'retry', true],
    ] as const) {
      const { notifier } = await reach(t, {}, behaviour)
      const outcome = await notifier.send(alertOf(), attemptOf('k'))
      assert.equal(outcome.kind, ends, JSON.stringify(outcome))
      if (outcome.kind === 'retry') assert.equal(outcome.pause, pause)
    }
  })

  test('says whom the server left out', async (t) => {
    const { notifier } = await reach(
      t,
      { to: ['ops@example.org', 'gone@example.org'] },
      {
        onRcptTo: ({ address }, _, callback) => callback(address.startsWith('gone') ? smtpError(550, 'no') : null),
      },
    )
    assert.deepEqual(await notifier.send(alertOf(), attemptOf('k')), {
      kind: 'delivered',
      receipt: '250 queued as 1, but not for gone@example.org',
    })
  })

  test('in the clear only to this machine, and no user without a password', async (t) => {
    const { server, notifier } = await reach(t, { tls: 'none' }, { authMethods: ['PLAIN'], allowInsecureAuth: true })
    assert.equal((await notifier.send(alertOf(), attemptOf('k'))).kind, 'delivered')
    assert.equal(server.mails[0]?.secure, false)
    const secrets = dependencies({ password: 'x' })
    assert.throws(
      () => email.create({ ...options, host: 'mx.example', tls: 'none' }, secrets),
      /only for a server on this machine/,
    )
    assert.throws(() => email.create(options, dependencies()), /go together/)
  })
})

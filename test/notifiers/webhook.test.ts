import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { describe, test } from 'node:test'
import { Secret } from '../../relay/model/secret.ts'
import { createNetwork } from '../../relay/notifiers/http.ts'
import { webhook } from '../../relay/notifiers/webhook.ts'
import { alertOf } from '../helpers/alerts.ts'
import { reach, WEBHOOK_SECRET } from '../helpers/notifiers.ts'

const signal = new AbortController().signal

/** As the specification says: HMAC-SHA256 over id.timestamp.body, keyed with the decoded secret. */
function signatureOf(secret: string, id: string, timestamp: string, body: Buffer): string {
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64')
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64')}`
}

describe('webhook', () => {
  test('the reader of this test agrees with the published example', () => {
    assert.equal(
      signatureOf(WEBHOOK_SECRET, 'msg_p5jXN8AQM9LWM0D4loKWxJek', '1614265330', Buffer.from('{"test": 2432232314}')),
      'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    )
  })

  test('is signed as the Standard Webhooks specification says', async (t) => {
    const { notifier, service } = await reach(t, 'webhook')
    const alert = alertOf({ user: 'alice' })
    await notifier.send(alert, { key: 'the-key.ops', signal })
    const { method, path, headers, body } = await service.next()
    assert.deepEqual([method, path, headers['content-type']], ['POST', '/in?x=1', 'application/json'])
    assert.equal(headers['webhook-id'], 'the-key.ops')
    const timestamp = String(headers['webhook-timestamp'])
    assert.ok(Math.abs(Number(timestamp) - Date.now() / 1000) < 300)
    assert.equal(headers['webhook-signature'], signatureOf(WEBHOOK_SECRET, 'the-key.ops', timestamp, body))
  })

  test('carries the event, and what it means', async (t) => {
    const { notifier, service } = await reach(t, 'webhook')
    const alert = alertOf({ user: 'alice', rhost: '::ffff:192.0.2.7' })
    await notifier.send(alert, { key: 'k', signal })
    const { type, timestamp, data } = JSON.parse((await service.next()).body.toString())
    assert.deepEqual([type, timestamp], ['pam.open_session', alert.record?.time])
    assert.deepEqual(
      { ...data, title: undefined, text: undefined },
      { ...alert.record, ...alert.meaning, count: 1, title: undefined, text: undefined },
    )
    assert.equal(data.source.address, '192.0.2.7')
  })

  test('signs with the new and the old secret while it is being changed', async (t) => {
    const { service, proxy, authority } = await reach(t, 'webhook')
    const other = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD'
    const notifier = webhook.create(
      { url: 'https://hook.example/in' },
      {
        secrets: { secret: new Secret(`${other}\n${WEBHOOK_SECRET}`) },
        network: createNetwork(proxy.url, authority.cert),
        now: Date.now,
      },
    )
    await notifier.send(alertOf(), { key: 'k', signal })
    const { headers, body } = await service.next()
    const timestamp = String(headers['webhook-timestamp'])
    const expected = [other, WEBHOOK_SECRET].map((secret) => signatureOf(secret, 'k', timestamp, body))
    assert.equal(headers['webhook-signature'], expected.join(' '))
  })

  test('refuses a secret that is none', () => {
    const network = createNetwork(null, null)
    for (const secret of ['', 'hunter2', 'whsec_short', 'whsec_!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!'])
      assert.throws(
        () =>
          webhook.create(
            { url: 'https://a.example' },
            { secrets: { secret: new Secret(secret) }, network, now: Date.now },
          ),
        /secret_file must hold whsec_/,
      )
  })
})

import assert from 'node:assert/strict'
import { createHmac, verify } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { describe, test } from 'node:test'
import { createNetwork } from '../../relay/notifiers/http.ts'
import { webhook } from '../../relay/notifiers/webhook.ts'
import { alertOf } from '../helpers/alerts.ts'
import { attemptOf, dependencies, HOST_KEY, reach, WEBHOOK_SECRET } from '../helpers/notifiers.ts'

/** As the specification says: HMAC-SHA256 over id.timestamp.body, keyed with the decoded secret. */
function signatureOf(secret: string, id: string, timestamp: string, body: Buffer): string {
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64')
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64')}`
}

const symmetric = (headers: IncomingHttpHeaders) =>
  String(headers['webhook-signature'])
    .split(' ')
    .filter((signature) => signature.startsWith('v1,'))

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
    await notifier.send(alert, attemptOf('the-key.ops'))
    const { method, path, headers, body } = await service.next()
    assert.deepEqual([method, path, headers['content-type']], ['POST', '/in?x=1', 'application/json'])
    assert.equal(headers['webhook-id'], 'the-key.ops')
    const timestamp = String(headers['webhook-timestamp'])
    assert.ok(Math.abs(Number(timestamp) - Date.now() / 1000) < 300)
    assert.deepEqual(symmetric(headers), [signatureOf(WEBHOOK_SECRET, 'the-key.ops', timestamp, body)])
  })

  test("is signed with the host's own key, too, for receivers that shall not be able to forge", async (t) => {
    const { notifier, service } = await reach(t, 'webhook')
    await notifier.send(alertOf(), attemptOf('k'))
    const { headers, body } = await service.next()
    const [, signature = ''] = /v1a,(\S+)/.exec(String(headers['webhook-signature'])) ?? []
    const signed = Buffer.concat([Buffer.from(`k.${headers['webhook-timestamp']}.`), body])
    assert.ok(verify(null, signed, HOST_KEY.publicKey, Buffer.from(signature, 'base64')))
  })

  test('carries the event, and what it means', async (t) => {
    const { notifier, service } = await reach(t, 'webhook')
    const alert = alertOf({ user: 'alice', rhost: '::ffff:192.0.2.7' })
    await notifier.send(alert, attemptOf('k'))
    const { type, timestamp, data } = JSON.parse((await service.next()).body.toString())
    assert.deepEqual([type, timestamp], ['pam.open_session', alert.record?.time])
    assert.deepEqual(
      { ...data, title: undefined, text: undefined },
      { ...alert.record, ...alert.meaning, count: 1, priority: 0, group: null, title: undefined, text: undefined },
    )
    assert.equal(data.source.address, '192.0.2.7')
  })

  test('signs with the new and the old secret while it is being changed', async (t) => {
    const { service, proxy, authority } = await reach(t, 'webhook')
    const other = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD'
    const notifier = webhook.create(
      { url: 'https://hook.example/in' },
      { ...dependencies({ secret: `${other}\n${WEBHOOK_SECRET}` }), network: createNetwork(proxy.url, authority.cert) },
    )
    await notifier.send(alertOf(), attemptOf('k'))
    const { headers, body } = await service.next()
    const timestamp = String(headers['webhook-timestamp'])
    const expected = [other, WEBHOOK_SECRET].map((secret) => signatureOf(secret, 'k', timestamp, body))
    assert.deepEqual(symmetric(headers), expected)
  })

  test('refuses a secret that is none', () => {
    for (const secret of ['', 'hunter2', 'whsec_short', 'whsec_!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!'])
      assert.throws(
        () => webhook.create({ url: 'https://a.example' }, dependencies({ secret })),
        /secret_file must hold whsec_/,
      )
  })
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { alertOf } from '../helpers/alerts.ts'
import { attemptOf, reach } from '../helpers/notifiers.ts'
import { createPushoverApi, PUSHOVER_TOKEN, PUSHOVER_USER, readMultipart } from '../helpers/pushover-api.ts'

describe('pushover', () => {
  test('sends a message whose every byte is as the API wants it', async (t) => {
    const { notifier, service } = await reach(t, 'pushover')
    const api = createPushoverApi()
    service.respond = api.respond
    assert.deepEqual(await notifier.send(alertOf({ user: 'zoë' }), attemptOf()), {
      kind: 'delivered',
      receipt: 'request-1',
    })
    assert.deepEqual(Object.fromEntries(api.messages[0] ?? []), {
      token: PUSHOVER_TOKEN,
      user: PUSHOVER_USER,
      title: 'web-1: zoë logged in',
      message: 'zoë logged in to web-1 (sshd) from 192.0.2.7',
      timestamp: String(Math.floor(Date.parse('2026-11-20T14:38:36Z') / 1000)),
    })
  })

  test('stays within the limits of the API whatever the user is called', async (t) => {
    const { notifier, service } = await reach(t, 'pushover')
    const api = createPushoverApi()
    service.respond = api.respond
    for (const user of ['x'.repeat(4000), '😀'.repeat(1000), 'a.b'.repeat(1000), '--boundary\\x0d\\x0a'])
      assert.equal((await notifier.send(alertOf({ user }), attemptOf())).kind, 'delivered', user.slice(0, 10))
  })

  test('a refusal says why, in the words of the service', async (t) => {
    const { notifier, service } = await reach(t, 'pushover')
    service.respond = (_, response) =>
      response.writeHead(400).end('{"user":"invalid","errors":["user identifier is invalid"],"status":0}')
    assert.deepEqual(await notifier.send(alertOf(), attemptOf()), {
      kind: 'refused',
      reason: 'HTTP 400: user identifier is invalid',
    })
  })

  test('200 counts only with status 1', async (t) => {
    const { notifier, service } = await reach(t, 'pushover')
    for (const body of ['{"status":0}', 'null', '[]', '', 'ok', '{"status":"1"}']) {
      service.respond = (_, response) => response.writeHead(200).end(body)
      assert.equal((await notifier.send(alertOf(), attemptOf())).kind, 'retry', body)
    }
  })

  test("the fake's reader is strict: what the library alone would send is refused", () => {
    const part = '--b\r\nContent-Disposition: form-data; name="message"\r\n\r\nhello'
    const type = 'multipart/form-data; boundary=b'
    assert.throws(() => readMultipart(type, Buffer.from(`${part}--b--\r\n`)), /no closing boundary/)
    assert.equal(readMultipart(type, Buffer.from(`${part}\r\n--b--\r\n`)).get('message'), 'hello')
  })
})

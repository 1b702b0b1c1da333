import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { x } from '../../relay/notifiers/x.ts'
import { alertOf } from '../helpers/alerts.ts'
import { dependencies, reach } from '../helpers/notifiers.ts'
import { createXApi, weightOf } from '../helpers/x-api.ts'

const attempt = { key: 'k', earlier: 0, signal: new AbortController().signal }

describe('x', () => {
  test('sends a direct message that X accepts: signature, recipient, text', async (t) => {
    const { notifier, service } = await reach(t, 'x')
    const api = createXApi()
    service.respond = api.respond
    assert.deepEqual(await notifier.send(alertOf({ user: 'alice' }), attempt), { kind: 'delivered', receipt: '1' })
    assert.deepEqual(api.messages, [
      { to: '1234567890', text: 'alice logged in to web-1 (sshd) from 192.0.2.7 (11-20 14:38:36.123Z)' },
    ])
  })

  test('posts, and a long text is shortened to what X counts as 280', async (t) => {
    const { notifier, service } = await reach(t, 'x', { options: { mode: 'post' } })
    const api = createXApi()
    service.respond = api.respond
    for (const user of ['bob', 'b'.repeat(1000), 'a.b@c#d'.repeat(100), '語'.repeat(300), '😀'.repeat(300)]) {
      const outcome = await notifier.send(alertOf({ user }), attempt)
      assert.equal(outcome.kind, 'delivered', JSON.stringify(outcome))
    }
    for (const text of api.posts) assert.ok(weightOf(text) <= 280, text)
  })

  test('never posts the same text twice', async (t) => {
    const { notifier, service } = await reach(t, 'x', { options: { mode: 'post' } })
    const api = createXApi()
    service.respond = api.respond
    for (const time of ['2026-11-20T14:38:36.123456Z', '2026-11-20T14:38:36.124000Z', '2026-11-21T14:38:36.123456Z'])
      assert.equal((await notifier.send(alertOf({ time }), attempt)).kind, 'delivered', time)
  })

  test('a rate limit says when to come again', async (t) => {
    const { notifier, service } = await reach(t, 'x')
    const reset = Math.floor(Date.now() / 1000) + 600
    service.respond = (_, response) =>
      response
        .writeHead(429, {
          'x-rate-limit-limit': '15',
          'x-rate-limit-remaining': '0',
          'x-rate-limit-reset': String(reset),
        })
        .end('{}')
    const outcome = await notifier.send(alertOf(), attempt)
    assert.ok(
      outcome.kind === 'retry' && outcome.afterMs !== undefined && outcome.afterMs > 500_000,
      JSON.stringify(outcome),
    )
  })

  test('is not created without a recipient for its messages', () => {
    assert.throws(() => x.create({ mode: 'dm' }, dependencies()), /mode "dm" wants a "recipient"/)
  })
})

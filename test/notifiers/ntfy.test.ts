import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { alertOf } from '../helpers/alerts.ts'
import { attemptOf, reach } from '../helpers/notifiers.ts'
import { createNtfyApi } from '../helpers/ntfy-api.ts'

describe('ntfy', () => {
  test('publishes title, text, tag, and what to open', async (t) => {
    const { notifier, service } = await reach(t, 'ntfy', { options: { click: 'https://wiki.example/logins' } })
    const api = createNtfyApi()
    service.respond = api.respond
    assert.deepEqual(await notifier.send(alertOf(), attemptOf('k')), { kind: 'delivered', receipt: 'id1' })
    const { sequence_id, ...body } = api.taken[0] ?? {}
    assert.deepEqual(body, {
      topic: 'logins-7fQ2xk',
      title: 'web-1: alice logged in',
      message: 'alice logged in to web-1 (sshd) from 192.0.2.7',
      priority: 3,
      tags: ['key'],
      click: 'https://wiki.example/logins',
    })
  })

  test('priorities are 1 to 5; what was refused looks another way', async (t) => {
    const { notifier, service } = await reach(t, 'ntfy')
    const api = createNtfyApi()
    service.respond = api.respond
    for (const priority of [-2, -1, 0, 1, 2] as const)
      await notifier.send({ ...alertOf({ outcome: 'failure', type: 'auth' }), priority }, attemptOf('k'))
    assert.deepEqual(
      api.taken.map(({ priority }) => priority),
      [1, 2, 3, 4, 5],
    )
    assert.deepEqual(api.taken[0]?.tags, ['no_entry'])
  })

  test('what is sent again, and a later count of the same group, replace the earlier; a lone login stays', async (t) => {
    const { notifier, service } = await reach(t, 'ntfy')
    const api = createNtfyApi()
    service.respond = api.respond
    const first = { ...alertOf(), group: '["203.0.113.9"]' }
    const more = { ...first, count: 3 }
    for (const [alert, key] of [
      [first, 'k1'],
      [first, 'k1'],
      [first, 'k2'],
      [more, 'k3'],
      [more, 'k4'],
    ] as const)
      await notifier.send(alert, attemptOf(key))
    const [a, again, b, c, d] = api.taken.map(({ sequence_id }) => sequence_id)
    assert.ok(a === again && c === d && new Set([a, b, c]).size === 3)
  })

  test('stays within 4096 bytes whatever the user is called, and says in whose words it was refused', async (t) => {
    const { notifier, service } = await reach(t, 'ntfy')
    const api = createNtfyApi()
    service.respond = api.respond
    for (const user of ['語'.repeat(4000), '😀'.repeat(2000), 'a.b'.repeat(2000)])
      assert.equal((await notifier.send(alertOf({ user }), attemptOf('k'))).kind, 'delivered')
    service.respond = (_, response) =>
      response.writeHead(429).end('{"code":42908,"http":429,"error":"limit reached: daily message quota reached"}')
    assert.deepEqual(await notifier.send(alertOf(), attemptOf('k')), {
      kind: 'retry',
      reason: 'HTTP 429: limit reached: daily message quota reached',
    })
  })
})

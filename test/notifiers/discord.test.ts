import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { alertOf } from '../helpers/alerts.ts'
import { createDiscordApi } from '../helpers/discord-api.ts'
import { attemptOf, reach } from '../helpers/notifiers.ts'

const attempt = attemptOf('k')

describe('discord', () => {
  test('posts text without markup, mentions or previews, and a link behind it', async (t) => {
    const { notifier, service } = await reach(t, 'discord', { options: { click: 'https://wiki.example/logins' } })
    const api = createDiscordApi()
    service.respond = api.respond
    const outcome = await notifier.send(alertOf({ user: '**@everyone** [x](https://evil.example)' }), attempt)
    assert.deepEqual(outcome, { kind: 'delivered', receipt: '100000000000000001' })
    assert.deepEqual(api.taken, [
      {
        content:
          '\\*\\*@\u200beveryone\\*\\* \\[x\\](https:\u200b//evil.\u200bexample) logged in to web-1 (sshd)' +
          ' from 192.0.2.7 [Open](<https://wiki.example/logins>)',
        allowed_mentions: { parse: [] },
        flags: 4,
      },
    ])
  })

  test('a low priority notifies nobody', async (t) => {
    const { notifier, service } = await reach(t, 'discord')
    const api = createDiscordApi()
    service.respond = api.respond
    await notifier.send({ ...alertOf(), priority: -2 }, attempt)
    assert.equal(api.taken[0]?.flags, 4 | 4096)
  })

  test('stays within 2000 characters, its markup and the link counted', async (t) => {
    const { notifier, service } = await reach(t, 'discord', { options: { click: 'https://wiki.example/logins' } })
    const api = createDiscordApi()
    service.respond = api.respond
    for (const user of ['x'.repeat(4000), '*'.repeat(1999), '😀'.repeat(2000)])
      assert.equal((await notifier.send(alertOf({ user }), attempt)).kind, 'delivered')
    for (const { content } of api.taken)
      assert.match(String(content), / \[Open\]\(<https:\/\/wiki\.example\/logins>\)$/)
  })

  test('the fraction of a second that it asks for counts', async (t) => {
    const { notifier, service } = await reach(t, 'discord')
    service.respond = (_, response) =>
      response
        .writeHead(429, { 'retry-after': '1', 'x-ratelimit-scope': 'shared' })
        .end('{"message":"You are being rate limited.","retry_after":0.6457,"global":false}')
    assert.deepEqual(await notifier.send(alertOf(), attempt), {
      kind: 'retry',
      reason: 'HTTP 429: You are being rate limited.',
      afterMs: 646,
    })
  })

  test('204 is no receipt: Discord says it where it may still lose the message', async (t) => {
    const { notifier, service } = await reach(t, 'discord')
    service.respond = (_, response) => response.writeHead(204).end()
    assert.equal((await notifier.send(alertOf(), attempt)).kind, 'retry')
  })
})

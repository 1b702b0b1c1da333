import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { telegram } from '../../relay/notifiers/telegram.ts'
import { alertOf } from '../helpers/alerts.ts'
import { attemptOf, dependencies, reach } from '../helpers/notifiers.ts'
import { createTelegramApi } from '../helpers/telegram-api.ts'

const attempt = attemptOf('k')

describe('telegram', () => {
  test('sends a message with a button; without a sound where the priority is low', async (t) => {
    const { notifier, service } = await reach(t, 'telegram', { options: { click: 'https://wiki.example/logins' } })
    const api = createTelegramApi()
    service.respond = api.respond
    assert.deepEqual(await notifier.send(alertOf(), attempt), { kind: 'delivered', receipt: '1' })
    await notifier.send({ ...alertOf(), priority: -1 }, attempt)
    assert.deepEqual(api.taken[0], {
      chat_id: '-1001234567890',
      text: 'alice logged in to web-1 (sshd) from 192.0.2.7',
      disable_notification: false,
      link_preview_options: { is_disabled: true },
      reply_markup: { inline_keyboard: [[{ text: 'Open', url: 'https://wiki.example/logins' }]] },
    })
    assert.equal(api.taken[1]?.disable_notification, true)
  })

  test('stays within 4096 characters', async (t) => {
    const { notifier, service } = await reach(t, 'telegram')
    const api = createTelegramApi()
    service.respond = api.respond
    for (const user of ['x'.repeat(4096), '😀'.repeat(2048), 'a.b'.repeat(1365)])
      assert.equal((await notifier.send(alertOf({ user }), attempt)).kind, 'delivered')
  })

  test('comes again when it is told to', async (t) => {
    const { notifier, service } = await reach(t, 'telegram')
    service.respond = (_, response) =>
      response
        .writeHead(429)
        .end('{"ok":false,"error_code":429,"description":"Too Many Requests","parameters":{"retry_after":35}}')
    assert.deepEqual(await notifier.send(alertOf(), attempt), {
      kind: 'retry',
      reason: 'HTTP 429: Too Many Requests',
      afterMs: 35_000,
    })
  })

  test('a bot that was thrown out loses no alert: 400 speaks of the chat', async (t) => {
    const { notifier, service } = await reach(t, 'telegram', { options: { chat: '-100' } })
    service.respond = createTelegramApi().respond
    assert.deepEqual(await notifier.send(alertOf(), attempt), {
      kind: 'retry',
      reason: 'HTTP 400: Bad Request: chat not found',
      pause: true,
    })
  })

  test('takes nothing for a token that could change the address', () => {
    for (const token of ['', '123', '123456:../../x?y=zzzzzzzzzzzzzzzz'])
      assert.throws(() => telegram.create({ chat: '1' }, dependencies({ token })), /token_file must hold a bot token/)
  })
})

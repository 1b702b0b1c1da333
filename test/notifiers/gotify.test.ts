import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { alertOf } from '../helpers/alerts.ts'
import { createGotifyApi } from '../helpers/gotify-api.ts'
import { attemptOf, reach } from '../helpers/notifiers.ts'

const attempt = attemptOf('k')

describe('gotify', () => {
  test('sends a message as plain text, with what to open', async (t) => {
    const { notifier, service } = await reach(t, 'gotify', { options: { click: 'https://wiki.example/logins' } })
    const api = createGotifyApi()
    service.respond = api.respond
    assert.deepEqual(await notifier.send(alertOf(), attempt), { kind: 'delivered', receipt: '1' })
    assert.deepEqual(api.taken, [
      {
        title: 'web-1: alice logged in',
        message: 'alice logged in to web-1 (sshd) from 192.0.2.7',
        priority: 5,
        extras: {
          'client::display': { contentType: 'text/plain' },
          'client::notification': { click: { url: 'https://wiki.example/logins' } },
        },
      },
    ])
  })

  test('priorities are those at which its apps change their ways', async (t) => {
    const { notifier, service } = await reach(t, 'gotify')
    const api = createGotifyApi()
    service.respond = api.respond
    for (const priority of [-2, -1, 0, 1, 2] as const) await notifier.send({ ...alertOf(), priority }, attempt)
    assert.deepEqual(
      api.taken.map(({ priority }) => priority),
      [0, 2, 5, 8, 10],
    )
  })

  test('a wrong token pauses, and the reason is in its words', async (t) => {
    const { notifier, service } = await reach(t, 'gotify')
    service.respond = (_, response) =>
      response.writeHead(401).end('{"error":"Unauthorized","errorCode":401,"errorDescription":"you need a token"}')
    assert.deepEqual(await notifier.send(alertOf(), attempt), {
      kind: 'retry',
      reason: 'HTTP 401: you need a token',
      pause: true,
    })
  })
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { alertOf } from '../helpers/alerts.ts'
import { createMatrixApi } from '../helpers/matrix-api.ts'
import { attemptOf, reach } from '../helpers/notifiers.ts'

describe('matrix', () => {
  test('an alert that is sent twice is in the room once', async (t) => {
    const { notifier, service } = await reach(t, 'matrix', { options: { click: 'https://wiki.example/logins' } })
    const api = createMatrixApi()
    service.respond = api.respond
    for (const key of ['a.ops', 'a.ops', 'b.ops'])
      assert.equal((await notifier.send(alertOf(), attemptOf(key))).kind, 'delivered')
    assert.deepEqual([...api.events.keys()], ['a.ops', 'b.ops'])
    assert.deepEqual(api.events.get('a.ops'), {
      msgtype: 'm.text',
      body: 'alice logged in to web-1 (sshd) from 192.0.2.7 https://wiki.example/logins',
      'm.mentions': {},
    })
  })

  test('a low priority is a notice, a high one calls the room', async (t) => {
    const { notifier, service } = await reach(t, 'matrix')
    const api = createMatrixApi()
    service.respond = api.respond
    for (const priority of [-1, 1] as const) await notifier.send({ ...alertOf(), priority }, attemptOf(`${priority}`))
    assert.deepEqual(
      api.taken.map(({ msgtype, 'm.mentions': mentions }) => [msgtype, mentions]),
      [
        ['m.notice', {}],
        ['m.text', { room: true }],
      ],
    )
  })

  test('stays within the size of an event', async (t) => {
    const { notifier, service } = await reach(t, 'matrix')
    const api = createMatrixApi()
    service.respond = api.respond
    const alert = { ...alertOf(), text: '語'.repeat(60_000) }
    assert.equal((await notifier.send(alert, attemptOf('k'))).kind, 'delivered')
  })

  test('comes again when it is told to; a room that it may not enter pauses it', async (t) => {
    const { notifier, service } = await reach(t, 'matrix', { options: { room: '!other:matrix.example' } })
    service.respond = createMatrixApi().respond
    assert.deepEqual(await notifier.send(alertOf(), attemptOf('k')), {
      kind: 'retry',
      reason: 'HTTP 403: User not in room !other:matrix.example',
      pause: true,
    })
    service.respond = (_, response) =>
      response.writeHead(429).end('{"errcode":"M_LIMIT_EXCEEDED","error":"Too many requests","retry_after_ms":2000}')
    assert.deepEqual(await notifier.send(alertOf(), attemptOf('k')), {
      kind: 'retry',
      reason: 'HTTP 429: Too many requests',
      afterMs: 2000,
    })
  })
})

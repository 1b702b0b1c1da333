import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { pushover } from '../../relay/notifiers/pushover.ts'
import { alertOf } from '../helpers/alerts.ts'
import { attemptOf, dependencies, reach } from '../helpers/notifiers.ts'
import { createPushoverApi, PUSHOVER_TOKEN, PUSHOVER_USER, readMultipart } from '../helpers/pushover-api.ts'

describe('pushover', () => {
  test('sends a message whose every byte is as the API wants it', async (t) => {
    const { notifier, service } = await reach(t, 'pushover')
    const api = createPushoverApi()
    service.respond = api.respond
    const outcome = await notifier.send(alertOf({ user: 'zoë' }), attemptOf())
    assert.ok(outcome.kind === 'delivered' && outcome.receipt === 'request-1')
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

  test('looks as the configuration says', async (t) => {
    const options = {
      device: ['phone', 'watch'],
      sound: 'siren',
      url: 'https://wiki.example/logins',
      url_title: 'What to do',
      style: 'monospace',
      ttl: '1h',
    }
    const { notifier, service } = await reach(t, 'pushover', { options })
    const api = createPushoverApi()
    service.respond = api.respond
    const outcome = await notifier.send({ ...alertOf(), priority: -2 }, attemptOf())
    assert.equal(outcome.kind, 'delivered', JSON.stringify(outcome))
    const { token, user, title, message, timestamp, ...rest } = Object.fromEntries(api.messages[0] ?? [])
    assert.deepEqual(rest, {
      device: 'phone,watch',
      sound: 'siren',
      url: 'https://wiki.example/logins',
      url_title: 'What to do',
      monospace: '1',
      ttl: '3600',
      priority: '-2',
    })
  })

  test('an alert has the priority that its route says, between the limits of the notifier', async (t) => {
    const all = [-2, -1, 0, 1, 2] as const
    for (const [options, expected] of [
      [{}, ['-2', '-1', undefined, '1', '2']],
      [{ min_priority: -1, max_priority: 1 }, ['-1', '-1', undefined, '1', '1']],
    ] as const) {
      const { notifier, service } = await reach(t, 'pushover', { options })
      const api = createPushoverApi()
      service.respond = api.respond
      for (const priority of all) await notifier.send({ ...alertOf(), priority }, attemptOf())
      assert.deepEqual(
        api.messages.map((message) => message.get('priority')),
        expected,
      )
    }
  })

  test('in HTML no name is markup, and it fits whatever must be escaped', async (t) => {
    const { notifier, service } = await reach(t, 'pushover', { options: { style: 'html' } })
    const api = createPushoverApi()
    service.respond = api.respond
    for (const user of ['<i>bob', '<&>'.repeat(700), 'alice', `a${'<'.repeat(1021)}`])
      assert.equal((await notifier.send(alertOf({ user }), attemptOf())).kind, 'delivered', user)
    assert.match(api.messages[0]?.get('message') ?? '', /^<b>&lt;i&gt;bob<\/b> logged in to web-1/)
    assert.match(api.messages[2]?.get('message') ?? '', /^<b>alice<\/b> logged in/)
  })

  test('says what is left of the month; when nothing is, that is no fault of the alert', async (t) => {
    const { notifier, service } = await reach(t, 'pushover')
    const api = createPushoverApi()
    service.respond = api.respond
    for (const [remaining, kind] of [
      [1, 'delivered'],
      [0, 'retry'],
    ] as const) {
      api.remaining = remaining
      const outcome = await notifier.send(alertOf(), attemptOf())
      const [{ resetInMs = 0, ...quota } = {}] = outcome.quotas ?? []
      assert.equal(outcome.kind, kind)
      assert.deepEqual(quota, { name: 'month', messages: 10_000, remaining: 0 })
      assert.ok(resetInMs > 863_000_000)
    }
  })

  test('makes no more than two connections at once', async (t) => {
    const { notifier, service } = await reach(t, 'pushover')
    const api = createPushoverApi()
    let most = 0
    const held: (() => void)[] = []
    service.respond = (request, response) => {
      most = Math.max(most, service.open.size)
      held.push(() => api.respond(request, response))
      if (held.length === 2 || api.messages.length >= 2) for (const answer of held.splice(0)) answer()
    }
    await Promise.all(Array.from({ length: 6 }, () => notifier.send(alertOf(), attemptOf())))
    assert.equal(api.messages.length, 6)
    assert.equal(most, 2)
  })

  test('what Pushover would refuse always is an error of the configuration', () => {
    for (const [options, says] of [
      [{ retry: '20s' }, /retry must be 30s/],
      [{ expire: '4h' }, /expire must be 3h/],
      [{ min_priority: 1, max_priority: 0 }, /min_priority is above/],
    ] as const)
      assert.throws(() => pushover.create({ user: PUSHOVER_USER, ...options }, dependencies()), says)
  })

  test("the fake's reader is strict: what the library alone would send is refused", () => {
    const part = '--b\r\nContent-Disposition: form-data; name="message"\r\n\r\nhello'
    const type = 'multipart/form-data; boundary=b'
    assert.throws(() => readMultipart(type, Buffer.from(`${part}--b--\r\n`)), /no closing boundary/)
    assert.equal(readMultipart(type, Buffer.from(`${part}\r\n--b--\r\n`)).get('message'), 'hello')
  })
})

// What every notifier must do, whatever its service answers.
import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { describe, test } from 'node:test'
import { exampleConfig } from '../../relay/cli/config.ts'
import { parseConfig } from '../../relay/model/config/config.ts'
import type { Outcome } from '../../relay/model/outcome.ts'
import { kinds } from '../../relay/notifiers/index.ts'
import { alertOf } from '../helpers/alerts.ts'
import { attemptOf, reach, SERVICES, STREAMS } from '../helpers/notifiers.ts'
import type { Receiver } from '../helpers/receiver.ts'

const html = '<!doctype html><title>Log in to our network</title>'

type Answer = (response: ServerResponse, service: Receiver) => void

const answer =
  (status: number, body = '', headers: Record<string, string> = {}): Answer =>
  (response) =>
    response.writeHead(status, headers).end(body)

/** What a service may do → how the attempt must end. */
const CASES: Record<string, { does: Answer; ends: Outcome['kind']; pause?: boolean; afterMs?: number }> = {
  'bad request': { does: answer(400, '{"status":0,"errors":["bad"]}'), ends: 'refused' },
  'too large': { does: answer(413), ends: 'refused' },
  unauthorized: { does: answer(401), ends: 'retry', pause: true },
  forbidden: { does: answer(403), ends: 'retry', pause: true },
  gone: { does: answer(410), ends: 'retry', pause: true },
  'not found': { does: answer(404), ends: 'retry', pause: true },
  'too many': { does: answer(429, '', { 'retry-after': '120' }), ends: 'retry', afterMs: 120_000 },
  'server error': { does: answer(500, 'oops'), ends: 'retry' },
  unavailable: { does: answer(503, '', { 'retry-after': '-5' }), ends: 'retry' },
  redirect: { does: answer(302, '', { location: 'http://169.254.169.254/' }), ends: 'retry' },
  'a web page': { does: answer(200, html, { 'content-type': 'text/html' }), ends: 'retry' },
  reset: {
    does: (_, service) => {
      for (const socket of service.open) socket.resetAndDestroy()
    },
    ends: 'retry',
  },
  'a cut answer': {
    does: (response) => {
      response.writeHead(200, { 'content-length': '1000', 'content-type': 'application/json' })
      response.write('{"sta', () => response.socket?.destroy())
    },
    ends: 'retry',
  },
  'JSON that is null': { does: answer(500, 'null', { 'content-type': 'application/json' }), ends: 'retry' },
}

for (const [type, { taken, secrets, user: named }] of Object.entries(SERVICES))
  describe(`notifier ${type}`, () => {
    test('delivers, through the proxy, over TLS', async (t) => {
      const { notifier, service, proxy } = await reach(t, type)
      service.respond = (_, response) =>
        response.writeHead(taken.status, { 'content-type': 'application/json' }).end(taken.body)
      const outcome = await notifier.send(alertOf(), attemptOf())
      assert.equal(outcome.kind, 'delivered')
      assert.deepEqual(proxy.targets, [`${SERVICES[type]?.host}:443`])
    })

    test('repeats no secret of ours that a service quotes', async (t) => {
      const { notifier, service } = await reach(t, type)
      for (const status of [200, 400, 401, 500]) {
        service.respond = (request, response) => {
          const quoted = `${request.path} ${JSON.stringify(request.headers)} ${Object.values(secrets).join(' ')}`
          const names = ['error', 'errors', 'errorDescription', 'description', 'message', 'detail', 'id']
          const body = Object.fromEntries(names.map((name) => [name, quoted]))
          response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
        }
        const outcome = JSON.stringify(await notifier.send(alertOf(), attemptOf()))
        for (const secret of Object.values(secrets))
          for (const piece of secret.split('/')) assert.ok(piece === '' || !outcome.includes(piece), outcome)
      }
    })

    for (const [name, { does, ends, pause, afterMs }] of Object.entries(CASES))
      test(`${ends}: ${name}`, async (t) => {
        const { notifier, service } = await reach(t, type)
        service.respond = (_, response) => does(response, service)
        const outcome = await notifier.send(alertOf(), attemptOf())
        assert.equal(outcome.kind, ends, JSON.stringify(outcome))
        assert.equal(service.received.length, 1, 'one attempt, no redirect followed')
        if (outcome.kind !== 'retry') return
        assert.equal(outcome.pause ?? false, pause ?? outcome.pause ?? false)
        assert.equal(outcome.afterMs ?? 0, afterMs ?? 0)
        for (const secret of Object.values(secrets)) assert.ok(!outcome.reason.includes(secret), outcome.reason)
      })

    test('ends with the signal while the service is silent, and leaves no socket', async (t) => {
      const { notifier, service, proxy } = await reach(t, type)
      const controller = new AbortController()
      service.respond = () => controller.abort()
      const outcome = await notifier.send(alertOf(), attemptOf(undefined, { signal: controller.signal }))
      assert.equal(outcome.kind, 'retry')
      await Promise.all(
        [...service.open, ...proxy.open].map((socket) => new Promise((done) => socket.on('close', done))),
      )
    })

    test('ends with the signal while the service drips, and while the proxy is silent', async (t) => {
      const { notifier, service, proxy } = await reach(t, type)
      const controller = new AbortController()
      service.respond = (_, response) => {
        response.writeHead(200, { 'content-type': 'application/json' })
        response.write('{', () => controller.abort())
      }
      assert.equal((await notifier.send(alertOf(), attemptOf(undefined, { signal: controller.signal }))).kind, 'retry')
      const second = new AbortController()
      proxy.answers = false
      const sending = notifier.send(alertOf(), attemptOf(undefined, { signal: second.signal }))
      while (proxy.targets.length < 2) await new Promise((turn) => setImmediate(turn))
      second.abort()
      assert.equal((await sending).kind, 'retry')
    })

    test('ends an answer that has no end', async (t) => {
      const { notifier, service } = await reach(t, type)
      service.respond = (_, response) => {
        response.writeHead(200, { 'content-type': 'application/json' })
        const more = () => {
          while (response.write('x'.repeat(65_536)));
        }
        response.on('drain', more).on('error', () => {})
        more()
      }
      const outcome = await notifier.send(alertOf(), attemptOf())
      assert.notEqual(outcome.kind, 'refused')
      await Promise.all([...service.open].map((socket) => new Promise((done) => socket.on('close', done))))
    })

    test('sends nothing to a host without a valid certificate', async (t) => {
      const day = 86_400_000
      const past = { from: new Date(Date.now() - 9 * day), to: new Date(Date.now() - day) }
      for (const wanted of [{ validity: past }, { certifiedAs: 'elsewhere.example' }]) {
        const { notifier, service } = await reach(t, type, wanted)
        const outcome = await notifier.send(alertOf(), attemptOf())
        assert.equal(outcome.kind, 'retry')
        assert.equal(service.received.length, 0)
      }
    })

    test('makes no link, no mention and no second line of a user name', async (t) => {
      const { notifier, service } = await reach(t, type)
      const user = '@root #pwned http://evil.example/x evil.example\\x0aroot logged in'
      await notifier.send(alertOf({ user }), attemptOf())
      const body = service.received[0]?.body.toString() ?? ''
      // What a program reads stays as it is; what an app shows to a person is taken apart.
      if (named) return assert.equal(named(body), user)
      for (const bait of ['@root', '#pwned', 'http://evil', 'evil.example', '\nroot'])
        assert.ok(!body.includes(bait), bait)
    })
  })

describe('every kind', () => {
  test('has an example, and all of them together are a valid configuration', () => {
    const text = exampleConfig()
    assert.deepEqual(parseConfig(text, kinds).errors, [])
    const all = text.replaceAll(/^# (?=\[|[a-z_]+ = )/gm, '')
    const { config, errors } = parseConfig(all, kinds)
    assert.deepEqual(errors, [])
    assert.deepEqual(new Set(config?.notifiers.map(({ type }) => type)), new Set(kinds.keys()))
  })

  test('is tried here, or with those that speak no HTTP, or asks nobody', () => {
    assert.deepEqual(
      [...kinds.keys()].filter((type) => !(type in SERVICES || type in STREAMS)),
      ['journal', 'command'],
    )
  })
})

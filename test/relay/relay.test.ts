// The whole relay as a process: what goes in at the socket, and what comes out.
import assert from 'node:assert/strict'
import { statSync } from 'node:fs'
import { connect } from 'node:net'
import { describe, test } from 'node:test'
import type { LoginEvent } from '../../relay/model/event.ts'
import { pathsBelow } from '../../relay/model/paths.ts'
import type { Health } from '../../relay/ops.ts'
import { loginEvent } from '../helpers/alerts.ts'
import { createAuthority } from '../helpers/certs.ts'
import { WEBHOOK_SECRET } from '../helpers/notifiers.ts'
import { createProxy, createReceiver, freePort } from '../helpers/receiver.ts'
import { command, startRelay, writeConfig, writeSecret } from '../helpers/relay.ts'
import { tempDir } from '../helpers/temp.ts'
import { X_KEYS } from '../helpers/x-api.ts'

const post = (event: LoginEvent) => ['POST', '/v1/events', JSON.stringify(event)] as const

describe('intake', () => {
  test('acknowledges with the number, and a repeated id without storing it again', async (t) => {
    const relay = await startRelay(t)
    const event = loginEvent()
    assert.deepEqual(await relay.ask(...post(event)), { status: 202, body: { id: event.id, seq: 1 } })
    assert.deepEqual(await relay.ask(...post(event)), { status: 200, body: { id: event.id, seq: 1 } })
    assert.deepEqual(await relay.ask(...post(loginEvent())), { status: 202, body: { id: loginEventBefore(), seq: 2 } })
  })

  test('refuses what is not an event of ours, saying what is wrong with it', async (t) => {
    const relay = await startRelay(t)
    const bad: [body: string, says: RegExp][] = [
      ['', /body|JSON/i],
      ['{', /JSON/],
      ['[]', /object/],
      [JSON.stringify({ ...loginEvent(), extra: 1 }), /additional properties/],
      [JSON.stringify({ ...loginEvent(), pid: '4666' }), /pid must be integer/],
      [JSON.stringify({ ...loginEvent(), v: 2 }), /v must be equal to constant/],
      [JSON.stringify({ ...loginEvent(), id: 'x' }), /id must match pattern/],
      [JSON.stringify({ ...loginEvent(), user: 'a\nb' }), /user must match pattern/],
      [JSON.stringify({ ...loginEvent(), type: 'login' }), /type must be equal to one of/],
      [JSON.stringify({ ...loginEvent(), user: undefined }), /must have required property 'user'/],
    ]
    for (const [body, says] of bad) {
      const answer = await relay.ask('POST', '/v1/events', body)
      assert.equal(answer.status, 400, body)
      assert.match((answer.body as { message: string }).message, says)
    }
    assert.equal((await relay.ask('POST', '/v1/events', `"${'x'.repeat(70_000)}"`)).status, 413)
    const health = (await relay.ask('GET', '/health')).body as Health
    assert.equal(health.store.events, 0)
  })

  test('stores nothing of a request that is cut', async (t) => {
    const relay = await startRelay(t)
    const body = JSON.stringify(loginEvent())
    const head = `POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`
    await new Promise((closed) => {
      const socket = connect(relay.paths.socket, () => socket.end(head + body.slice(0, -1)))
      socket
        .on('close', closed)
        .on('error', () => {})
        .resume()
    })
    assert.equal(((await relay.ask('GET', '/health')).body as Health).store.events, 0)
  })

  test('only the owner may connect', async (t) => {
    const { paths } = await startRelay(t)
    assert.equal(statSync(paths.socket).mode & 0o777, 0o600)
    assert.equal(statSync(paths.runDir).mode & 0o777, 0o700)
  })

  test('a second relay does not take the socket away; one that was killed leaves no trouble', async (t) => {
    const relay = await startRelay(t)
    const second = await command(relay.paths.root, 'relay')
    assert.equal(second.status, 4)
    assert.match(second.stderr, /another relay listens on the socket/)
    await relay.stop('SIGKILL')
    const third = await startRelay(t, { root: relay.paths.root })
    assert.equal((await third.ask(...post(loginEvent()))).status, 202)
  })
})

const loginEventBefore = () => {
  const [, tail = '0'] = /-([0-9a-f]{12})$/.exec(loginEvent().id) ?? []
  return `019a0000-0000-7000-8000-${(Number.parseInt(tail, 16) - 1).toString(16).padStart(12, '0')}`
}

describe('the relay', () => {
  const webhookTo = (url: string) => `[notifiers.ops]\ntype = "webhook"\nurl = "${url}"\nsecret_file = "SECRETS/ops"\n`

  test('brings an event to a webhook, and tells of it in health, history and metrics', async (t) => {
    const receiver = await createReceiver(t)
    const root = tempDir(t)
    const config = webhookTo(receiver.url).replace('SECRETS', pathsBelow(root).secrets)
    const relay = await startRelay(t, { root, config, secrets: { ops: WEBHOOK_SECRET } })
    const event = loginEvent({ user: 'alice' })
    const done = relay.logged(({ msg }) => msg === 'delivered')
    await relay.ask(...post(event))
    const { headers, body } = await receiver.next()
    assert.equal(headers['webhook-id'], `${event.id}.ops`)
    assert.equal(JSON.parse(body.toString()).data.user, 'alice')
    await done

    const health = (await relay.ask('GET', '/health')).body as Health
    assert.equal(health.status, 'ok')
    assert.equal(health.queue.ops?.pending, 0)
    const { deliveries } = (await relay.ask('GET', '/v1/events/1')).body as { deliveries: object[] }
    assert.deepEqual(deliveries, [
      { notifier: 'ops', state: 'delivered', attempts: 1, count: 1, detail: null, digest: null },
    ])
    assert.match(String((await relay.ask('GET', '/metrics')).body), /^pam_alert_events_total 1$/m)
    const { stdout } = await command(root, 'history', '--user', 'alice', '--json')
    assert.equal(JSON.parse(stdout).id, event.id)
    await relay.stop()
    const down = await command(root, 'history', '--since', '2026-01-01')
    assert.match(
      down.stdout,
      /alice logged in to \S+ \(sshd\) from 192\.0\.2\.7/,
      'the store is read when the relay is down',
    )
    assert.equal((await command(root, 'history', '--user', 'nobody')).stdout, 'No event matches.\n')
  })

  test('what a receiver missed is sent when it is back, with the same id', async (t) => {
    const receiver = await createReceiver(t)
    receiver.respond = (_, response) => response.writeHead(receiver.received.length < 3 ? 503 : 200).end()
    const root = tempDir(t)
    const config = webhookTo(receiver.url).replace('SECRETS', pathsBelow(root).secrets)
    const relay = await startRelay(t, { root, config, secrets: { ops: WEBHOOK_SECRET } })
    const done = relay.logged(({ msg }) => msg === 'delivered')
    await relay.ask(...post(loginEvent()))
    await done
    assert.equal(receiver.received.length, 3)
    assert.equal(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size, 1)
  })

  test('without a configuration every login is a line in the journal, or else in its own log', async (t) => {
    const relay = await startRelay(t)
    const done = relay.logged(({ msg }) => msg === 'delivered')
    await relay.ask(...post(loginEvent({ user: 'alice', service: 'sshd' })))
    await done
    const { deliveries } = (await relay.ask('GET', '/v1/events/1')).body as { deliveries: { detail: string }[] }
    const where = deliveries[0]?.detail
    assert.ok(where === 'syslog' || relay.output.some((line) => line.startsWith('alice logged in to')), String(where))
  })

  test('loads a new configuration on SIGHUP, and keeps the old one if that is broken', async (t) => {
    const receiver = await createReceiver(t)
    const relay = await startRelay(t, { config: '' })
    const { paths } = relay
    const secret = writeSecret(paths, 'ops', WEBHOOK_SECRET)

    const kept = relay.logged(({ msg }) => msg === 'configuration kept')
    writeConfig(paths, '[notifiers.ops]\ntype = "webhok"\n')
    relay.child.kill('SIGHUP')
    assert.deepEqual((await kept).problems, [
      'config.toml:2: notifiers.ops.type: there is no kind "webhok"; did you mean "webhook"?',
    ])
    const degraded = (await relay.ask('GET', '/health')).body as Health
    assert.equal(degraded.status, 'degraded')
    assert.deepEqual(Object.keys(degraded.queue), ['journal'])

    const loaded = relay.logged(({ msg }) => msg === 'configuration loaded')
    writeConfig(paths, `[notifiers.ops]\ntype = "webhook"\nurl = "${receiver.url}"\nsecret_file = "${secret}"\n`)
    relay.child.kill('SIGHUP')
    await loaded
    await relay.ask(...post(loginEvent()))
    await receiver.next()

    writeConfig(paths, 'broken')
    await relay.stop()
    const again = await startRelay(t, { root: paths.root })
    await again.ask(...post(loginEvent({ user: 'bob' })))
    await receiver.next()
    assert.equal(
      ((await again.ask('GET', '/health')).body as Health).status,
      'degraded',
      'and it says so after a restart',
    )
  })

  test('an exception that escapes from a library costs that attempt and nothing else', async (t) => {
    const authority = await createAuthority()
    const x = await createReceiver(t, await authority.issue('api.x.com'))
    // The library looks for a code in null, in a handler that nobody can catch from.
    x.respond = (_, response) =>
      x.received.length < 2
        ? response.writeHead(400, { 'content-type': 'application/json' }).end('{"errors":[null]}')
        : response.writeHead(201, { 'content-type': 'application/json' }).end('{"data":{"dm_event_id":"7"}}')
    const ops = await createReceiver(t)
    const proxy = await createProxy(t, new Map([['api.x.com', x.port]]))
    const paths = pathsBelow(tempDir(t))
    for (const [name, value] of Object.entries({ ...X_KEYS, ops: WEBHOOK_SECRET })) writeSecret(paths, name, value)
    const ca = writeSecret(paths, 'ca', authority.cert)
    const config = `
[network]
proxy = "${proxy.url}"
ca_file = "${ca}"
[notifiers.bird]
type = "x"
mode = "dm"
recipient = "1"
${Object.keys(X_KEYS)
  .map((name) => `${name}_file = "${paths.secrets}/${name}"`)
  .join('\n')}
${webhookTo(ops.url).replace('SECRETS', paths.secrets)}`
    const relay = await startRelay(t, { root: paths.root, config })
    const escaped = relay.logged(({ msg }) => msg.includes('escaped'))
    const done = relay.logged(({ msg, notifier }) => msg === 'delivered' && notifier === 'bird')
    await relay.ask(...post(loginEvent()))
    await ops.next()
    assert.equal((await escaped).notifier, 'bird')
    assert.equal((await done).attempts, 2)
    assert.equal(relay.child.exitCode, null)
  })

  test('serves health and metrics on an address of its own, and nothing else', async (t) => {
    const port = await freePort()
    const relay = await startRelay(t, { config: `[ops]\nlisten = "127.0.0.1:${port}"\n` })
    await relay.ask(...post(loginEvent({ user: 'alice' })))
    const url = `http://127.0.0.1:${port}`
    const health = await fetch(`${url}/health`)
    assert.equal(((await health.json()) as Health).status, 'ok')
    assert.match(await (await fetch(`${url}/metrics`)).text(), /^pam_alert_up 1$/m)
    assert.equal((await fetch(`${url}/v1/events`)).status, 404)
    assert.equal((await fetch(`${url}/v1/events`, { method: 'POST', body: '{}' })).status, 404)
  })

  test('tail shows events as they come', async (t) => {
    const relay = await startRelay(t)
    await relay.ask(...post(loginEvent({ user: 'before' })))
    const page = relay.ask('GET', '/v1/events?after=1&wait_s=30')
    await relay.ask(...post(loginEvent({ user: 'after' })))
    const { events } = (await page).body as { events: { record: { user: string } }[] }
    assert.deepEqual(
      events.map(({ record }) => record.user),
      ['after'],
    )
  })
})

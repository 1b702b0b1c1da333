// Every notifier has secrets, and every service does its worst, repeating to us whatever we sent: no
// secret may then be found in any place where somebody could read it.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { pathsBelow } from '../../relay/model/paths.ts'
import { kinds } from '../../relay/notifiers/index.ts'
import { loginEvent } from '../helpers/alerts.ts'
import { createAuthority } from '../helpers/certs.ts'
import { logins } from '../helpers/logins.ts'
import { SERVICES, STREAMS } from '../helpers/notifiers.ts'
import { createProxy, createReceiver, type Received, type Receiver } from '../helpers/receiver.ts'
import { COMMAND, command, nodeBehind, type RunningRelay, startRelay, writeSecret } from '../helpers/relay.ts'
import { createSmtp, smtpError } from '../helpers/smtp.ts'
import { tempDir } from '../helpers/temp.ts'

type Fault = (request: Received, response: ServerResponse, service: Receiver) => void

/** All that came, in a form that each library takes for an error of its service. */
function echo({ path, headers, body }: Received): string {
  const text = `${path} ${JSON.stringify(headers)} ${body}`
  return JSON.stringify({
    error: text,
    errors: [{ message: text, code: 1 }],
    detail: text,
    title: text,
    description: text,
    message: text,
  })
}

const says =
  (status: number, headers: Record<string, string> = {}): Fault =>
  (request, response) =>
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(echo(request))

const hangs: Fault = () => {}

/** They hang when everything is looked at. */
const FAULTS: Fault[] = [
  says(401),
  says(403),
  says(410),
  says(429, { 'retry-after': '1' }),
  says(500),
  says(400),
  says(302, { location: 'https://elsewhere.example/' }),
  (request, response) => response.writeHead(200, { 'content-type': 'text/html' }).end(`<p>${echo(request)}`),
  (_, __, service) => {
    for (const socket of service.open) socket.resetAndDestroy()
  },
  hangs,
]

/** What is unlikely to stand anywhere by chance: the longest word of a secret, as it is and in other spellings. */
function traces(secret: string): string[] {
  const [longest = ''] = (secret.match(/[\w-]+/g) ?? []).toSorted((a, b) => b.length - a.length)
  const bytes = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
  return [longest, Buffer.from(secret).toString('base64').slice(0, -4), bytes.toString('hex')]
}

/** Every file below, as bytes in a text. */
const filesBelow = (dir: string): [string, string][] =>
  readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => [path, readFileSync(path, 'latin1')])

function toml(name: string, options: object): string {
  const lines = Object.entries({ type: name, ...options }).map(([key, value]) => `${key} = ${JSON.stringify(value)}`)
  return [`[notifiers.${name}]`, ...lines, ''].join('\n')
}

test('after every fault of every service no secret is in environment, arguments, logs, answers, store or spool', async (t) => {
  const authority = await createAuthority()
  const services = new Map<string, Receiver>()
  const ports = new Map<string, number>()
  const paths = pathsBelow(tempDir(t))
  const secrets: string[] = []
  const blocks: string[] = []
  const keep = (type: string, own: Record<string, string>) =>
    Object.fromEntries(
      Object.entries(own).map(([name, value]) => {
        secrets.push(value)
        return [`${name}_file`, writeSecret(paths, `${type}-${name}`, value)]
      }),
    )
  for (const [type, { host, options, secrets: own }] of Object.entries(SERVICES)) {
    const service = await createReceiver(t, await authority.issue(host))
    services.set(type, service)
    ports.set(host, service.port)
    blocks.push(toml(type, { ...options, ...keep(type, own) }))
  }
  const smtp = await createSmtp(t, await authority.issue('127.0.0.1'), {
    secure: true,
    onAuth: ({ username, password }, _, done) => done(smtpError(535, `no: ${username} ${password}`)),
  })
  const { encrypted = {}, secrets: own = {} } = STREAMS.email ?? {}
  blocks.push(toml('email', { ...encrypted, host: '127.0.0.1', port: smtp.port, ...keep('email', own) }))
  const names = [...services.keys(), 'email']
  const secretive = [...kinds.values()].filter(({ schema }) =>
    Object.keys(schema.properties).some((key) => key.endsWith('_file')),
  )
  assert.deepEqual(
    secretive.map(({ type }) => type).filter((type) => !names.includes(type)),
    [],
    'kinds that are not tried',
  )

  const proxy = await createProxy(t, ports)
  const ca = writeSecret(paths, 'ca', authority.cert)
  const routes = `[[routes]]\nnotify = ${JSON.stringify(names)}\n`
  const config = [`[network]\nproxy = "${proxy.url}"\nca_file = "${ca}"\n`, ...blocks, routes].join('\n')
  const relay = await startRelay(t, {
    root: paths.root,
    config,
    program: [nodeBehind(t, 'ulimit -c 0; exec'), COMMAND],
  })

  for (const fault of FAULTS) {
    const asked = [...services.values()].map((service) => {
      service.respond = (request, response) => fault(request, response, service)
      return service.next()
    })
    const ended = (name: string) =>
      relay.logged(({ msg, notifier }) => notifier === name && /again|refused|escaped/.test(msg))
    const outcomes = fault === hangs ? asked : names.map(ended)
    await relay.ask('POST', '/v1/events', JSON.stringify(loginEvent()))
    // It ends every pause.
    relay.child.kill('SIGHUP')
    await Promise.all(outcomes)
  }
  const answers = await look(relay)
  relay.child.kill('SIGSTOP')
  await logins(paths, 1, 1)
  const proc = (name: string) => readFileSync(`/proc/${relay.child.pid}/${name}`, 'latin1')
  const places: [string, string][] = [
    ['the environment', proc('environ')],
    ['the arguments', proc('cmdline')],
    ['the log', relay.output.join('\n')],
    ...answers,
    ...filesBelow(paths.root).filter(([path]) => dirname(path) !== paths.secrets),
  ]
  for (const where of ['relay.db', 'relay.db-wal', 'config.toml', '.json'])
    assert.ok(
      places.some(([place]) => place.endsWith(where)),
      `${where} was looked at`,
    )
  assert.ok(
    relay.output.some((line) => line.includes('[secret]')),
    'services did repeat them',
  )
  for (const [place, text] of places)
    for (const secret of secrets)
      for (const trace of traces(secret)) assert.ok(!text.includes(trace), `${trace} is in ${place}`)
  assert.match(proc('limits'), /^Max core file size +0 +0 /m, 'memory, which holds them, is not dumped')
})

/** What whoever may ask is told. */
async function look(relay: RunningRelay): Promise<[string, string][]> {
  const { root } = relay.paths
  const asked = ['/health', '/metrics', '/v1/dead', '/v1/events?after=0', '/v1/events/1'].map(
    async (path): Promise<[string, string]> => [path, JSON.stringify((await relay.ask('GET', path)).body)],
  )
  const told = [['dead', 'list'], ['history', '--json'], ['status'], ['config', 'check']].map(
    async (args): Promise<[string, string]> => {
      const { stdout, stderr } = await command(root, ...args)
      return [`pam-alert ${args.join(' ')}`, stdout + stderr]
    },
  )
  return Promise.all([...asked, ...told])
}

// A notifier of any kind, whose service is a server of the test's, reached as in production: by its
// own name, over TLS, through a proxy, trusting an authority from ca_file.
import { generateKeyPairSync, sign } from 'node:crypto'
import type { TestContext } from 'node:test'
import { Secret } from '../../relay/model/secret.ts'
import { createNetwork } from '../../relay/notifiers/http.ts'
import { kinds } from '../../relay/notifiers/index.ts'
import type { Attempt, Dependencies, Notifier } from '../../relay/notifiers/notifier.ts'
import { type Authority, createAuthority } from './certs.ts'
import { DISCORD_URL } from './discord-api.ts'
import { GOTIFY_TOKEN } from './gotify-api.ts'
import { MATRIX } from './matrix-api.ts'
import { MONITIS_KEYS, readList } from './monitis-api.ts'
import { NTFY } from './ntfy-api.ts'
import { PUSHOVER_TOKEN, PUSHOVER_USER } from './pushover-api.ts'
import { type ConnectProxy, createProxy, createReceiver, type Receiver } from './receiver.ts'
import { SLACK_URL } from './slack-api.ts'
import { SMTP_ACCOUNT } from './smtp.ts'
import { TELEGRAM } from './telegram-api.ts'
import { X_KEYS } from './x-api.ts'

export const HOST_KEY = generateKeyPairSync('ed25519')
export const WEBHOOK_SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'

const MAIL = { user: SMTP_ACCOUNT.user, from: 'alerts@example.org', to: 'ops@example.org' }

interface Service {
  host: string
  options: object
  secrets: Record<string, string>
  /** An answer that means delivered. */
  taken: { status: number; body: string }
  /** Where it writes to a program rather than to people: the user whom its body names. */
  user?(body: string): unknown
}

/** Each kind that speaks HTTPS. */
export const SERVICES: Record<string, Service> = {
  webhook: {
    host: 'hook.example',
    options: { url: 'https://hook.example/in?x=1' },
    secrets: { secret: WEBHOOK_SECRET },
    taken: { status: 204, body: '' },
    user: (body) => JSON.parse(body).data.user,
  },
  pushover: {
    host: 'api.pushover.net',
    options: { user: PUSHOVER_USER },
    secrets: { token: PUSHOVER_TOKEN },
    taken: { status: 200, body: '{"status":1,"request":"r1"}' },
  },
  x: {
    host: 'api.x.com',
    options: { mode: 'dm', recipient: '1234567890' },
    secrets: X_KEYS,
    taken: { status: 201, body: '{"data":{"dm_event_id":"7","dm_conversation_id":"1-2"}}' },
  },
  ntfy: {
    host: 'ntfy.sh',
    options: { topic: NTFY.topic },
    secrets: { token: NTFY.token },
    taken: { status: 200, body: '{"id":"sPs71M8A2T","event":"message"}' },
  },
  gotify: {
    host: 'gotify.example',
    options: { url: 'https://gotify.example/' },
    secrets: { token: GOTIFY_TOKEN },
    taken: { status: 200, body: '{"id":25,"appid":5}' },
  },
  telegram: {
    host: 'api.telegram.org',
    options: { chat: TELEGRAM.chat },
    secrets: { token: TELEGRAM.token },
    taken: { status: 200, body: '{"ok":true,"result":{"message_id":365}}' },
  },
  slack: {
    host: 'hooks.slack.com',
    options: {},
    secrets: { url: SLACK_URL },
    taken: { status: 200, body: 'ok' },
  },
  discord: {
    host: 'discord.com',
    options: {},
    secrets: { url: DISCORD_URL },
    taken: { status: 200, body: '{"id":"1098765432109876543","content":"…"}' },
  },
  matrix: {
    host: 'matrix.example',
    options: { url: 'https://matrix.example', room: MATRIX.room },
    secrets: { token: MATRIX.token },
    taken: { status: 200, body: '{"event_id":"$YUwRidLecu:matrix.example"}' },
  },
  monitis: {
    host: 'api.monitis.com',
    options: { url: 'https://api.monitis.com/customMonitorApi', monitor: 922 },
    secrets: MONITIS_KEYS,
    taken: { status: 200, body: '{"status":"ok","data":{"result":1}}' },
    user: (body) => readList(new URLSearchParams(body).get('results') ?? '')[0]?.[1],
  },
}

/** Each kind that speaks TCP: its options for one on 127.0.0.1, in the clear, and encrypted from the first byte. */
export const STREAMS: Record<string, { plain: object; encrypted: object; secrets: Record<string, string> }> = {
  email: {
    plain: { ...MAIL, tls: 'none' },
    encrypted: { ...MAIL, tls: 'implicit' },
    secrets: { password: SMTP_ACCOUNT.password },
  },
  syslog: { plain: { tls: false }, encrypted: {}, secrets: {} },
}

/** The first one, that nothing ends unless the test does. */
export function attemptOf(
  key = '019a0000-0000-7000-8000-000000000001.test',
  { signal = new AbortController().signal, earlier = 0, part = 0 }: Partial<Attempt> = {},
): Attempt {
  return { key, earlier, part, signal }
}

/** What a notifier is created with, that reaches nobody. */
export function dependencies(secrets: Record<string, string> = {}): Dependencies {
  return {
    secrets: Object.fromEntries(Object.entries(secrets).map(([name, value]) => [name, new Secret(value)])),
    network: createNetwork(null, null),
    sign: (data) => sign(null, Buffer.from(data), HOST_KEY.privateKey),
    now: Date.now,
  }
}

export interface Reached {
  notifier: Notifier
  service: Receiver
  proxy: ConnectProxy
  authority: Authority
}

export interface Wanted {
  options?: object
  validity?: { from: Date; to: Date }
  /** The name in the service's certificate. */
  certifiedAs?: string
}

/** One of STREAMS on a port of this machine, with the authority that it trusts. */
export function reachStream(
  type: string,
  how: 'plain' | 'encrypted',
  port: number,
  ca: string | null = null,
): Notifier {
  const { secrets, ...options } = STREAMS[type] ?? { plain: {}, encrypted: {}, secrets: {} }
  const kind = kinds.get(type)
  if (kind === undefined) throw new Error(`no kind ${type}`)
  const wanted = { host: '127.0.0.1', port, ...options[how] }
  return kind.create(wanted as never, { ...dependencies(secrets), network: createNetwork(null, ca) })
}

export async function reach(t: TestContext, type: string, wanted: Wanted = {}): Promise<Reached> {
  const { host, options, secrets } = SERVICES[type] ?? { host: '', options: {}, secrets: {} }
  const authority = await createAuthority()
  const service = await createReceiver(t, await authority.issue(wanted.certifiedAs ?? host, wanted.validity))
  const proxy = await createProxy(t, new Map([[host, service.port]]))
  const kind = kinds.get(type)
  if (kind === undefined) throw new Error(`no kind ${type}`)
  const notifier = kind.create({ ...options, ...wanted.options } as never, {
    ...dependencies(secrets),
    network: createNetwork(proxy.url, authority.cert),
  })
  return { notifier, service, proxy, authority }
}

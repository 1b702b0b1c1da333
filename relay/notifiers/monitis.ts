// A custom monitor of Monitis' (https://api.monitis.com/api/api.html): a result for each login, every
// call signed with the secret key, which itself is never sent.
import { createHmac } from 'node:crypto'
import type { Alert } from '../model/alert.ts'
import { call } from './api.ts'
import type { Dependencies, NotifierKind } from './notifier.ts'

export interface MonitisOptions {
  url: string
  tag?: string
  monitor?: number
}

const NAME = 'pam-alert'
const NONE = 'none'
const PLAIN_TEXT = 3
const METRICS = { user_login: 'User', host: 'From', srv: 'Service' }
const VALUE_MAX = 256

type Parameters = Record<string, string>

interface Answer {
  status: unknown
  data: unknown
  error: unknown
}

/** What is made anew has one. "" if there is none. */
const numberOf = (data: unknown) => (/^\d+$/.test(String(data)) ? String(data) : '')

/** Within a list each value is percent-encoded once more: no sign in it is one of the list's. */
const listOf = (entries: readonly (readonly unknown[])[]) =>
  entries.map((parts) => parts.map((part) => encodeURIComponent(String(part).toWellFormed())).join(':')).join(';')

/** All parameters by name, names and values joined: HMAC-SHA1 with the secret key. */
function signed(parameters: Parameters, secretKey: string): URLSearchParams {
  const sorted = Object.entries(parameters).sort(([a], [b]) => (a < b ? -1 : 1))
  const checksum = createHmac('sha1', secretKey).update(sorted.flat().join('')).digest('base64')
  return new URLSearchParams([...sorted, ['checksum', checksum]])
}

function post(url: string, parameters: Parameters, dependencies: Dependencies, signal: AbortSignal) {
  const { secrets, now } = dependencies
  const body = signed(
    {
      ...parameters,
      apikey: secrets.apikey?.reveal() ?? '',
      timestamp: new Date(now()).toISOString().slice(0, 19).replace('T', ' '),
      validation: 'HMACSHA1',
      version: '2',
      output: 'JSON',
    },
    secrets.secretkey?.reveal() ?? '',
  )
  return call<Answer>(dependencies, signal, { method: 'POST', url, body }, ({ status, data, error }) => ({
    receipt: status === 'ok' ? numberOf(data) || status : undefined,
    reason: error ?? status,
    // One result is like another: what is wrong with this one is wrong with all.
    pause: typeof (error ?? status) === 'string' && status !== 'ok',
  }))
}

/** The first monitor with the tag, or NONE. */
function find({ url, tag = NAME }: MonitisOptions, dependencies: Dependencies, signal: AbortSignal) {
  const wanted = new URL(url)
  const apikey = dependencies.secrets.apikey?.reveal() ?? ''
  wanted.search = String(new URLSearchParams({ apikey, action: 'getMonitors', tag, version: '2', output: 'JSON' }))
  return call<{ id?: unknown }[] & Answer>(dependencies, signal, { method: 'GET', url: wanted.href }, (list) => ({
    receipt: Array.isArray(list) ? numberOf(list[0]?.id) || NONE : undefined,
    reason: list.error ?? list.status,
  }))
}

/** Makes the monitor that the options want, unless there is one with its tag. An id, or why there is none. */
export async function ensureMonitor(
  options: MonitisOptions,
  dependencies: Dependencies,
  signal: AbortSignal,
): Promise<{ id: string; made: boolean } | { reason: string }> {
  const found = await find(options, dependencies, signal)
  if (found.kind !== 'delivered') return found
  if (found.receipt !== NONE) return { id: found.receipt ?? '', made: false }
  const resultParams = listOf(Object.entries(METRICS).map(([name, shown]) => [name, shown, 'N/A', PLAIN_TEXT]))
  const parameters = { action: 'addMonitor', name: NAME, tag: options.tag ?? NAME, resultParams }
  const made = await post(options.url, parameters, dependencies, signal)
  if (made.kind !== 'delivered') return made
  const id = numberOf(made.receipt)
  return id === '' ? { reason: 'it says ok, but names no monitor' } : { id, made: true }
}

function resultOf({ record, meaning, text, time }: Alert): Parameters {
  const source = meaning?.source?.address ?? record?.rhost ?? ''
  const values = record === null ? [text, '', NAME] : [record.user ?? '', source, record.service]
  const results = listOf(Object.keys(METRICS).map((name, i) => [name, values[i]?.slice(0, VALUE_MAX)]))
  return { action: 'addResult', checktime: String(Date.parse(time)), results }
}

export const monitis: NotifierKind<MonitisOptions> = {
  type: 'monitis',
  schema: {
    required: ['url', 'apikey_file', 'secretkey_file'],
    properties: {
      url: { type: 'string', format: 'endpoint' },
      apikey_file: { type: 'string', format: 'path' },
      secretkey_file: { type: 'string', format: 'path' },
      tag: { type: 'string', minLength: 1 },
      /** What `pam-alert monitis create` prints. */
      monitor: { type: 'integer', minimum: 1 },
    },
  },
  example: `
type = "monitis"
url = "https://api.monitis.com/customMonitorApi"
apikey_file = "/etc/pam-alert/secrets/monitis-apikey"
secretkey_file = "/etc/pam-alert/secrets/monitis-secretkey"
tag = "pam-alert"                       # the default
monitor = 922                           # pam-alert monitis create makes it and prints its number
`,
  create({ url, monitor }, dependencies) {
    if (monitor === undefined) throw new Error('"monitor" is missing: pam-alert monitis create makes it')
    return {
      send: (alert, { signal }) => post(url, { ...resultOf(alert), monitorId: String(monitor) }, dependencies, signal),
    }
  },
}

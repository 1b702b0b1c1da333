// A line to a syslog server: RFC 5424, octet-counted (RFC 6587) over TLS (RFC 5425) or TCP. Syslog
// acknowledges nothing; taken is what the server has read to its end before it closes.

import { connect, type Socket } from 'node:net'
import { hostname } from 'node:os'
import { connect as connectTls } from 'node:tls'
import type { Alert, Priority } from '../model/alert.ts'
import { delivered, type Outcome, retry } from '../model/outcome.ts'
import { shorten } from '../model/text.ts'
import { VERSION } from '../model/version.ts'
import { unreachable } from './http.ts'
import type { NotifierKind } from './notifier.ts'

interface Options {
  host: string
  port?: number
  tls?: boolean
}

/** security/authorization messages, private: where logins are kept. */
const FACILITY = 10
/** info, info, notice, warning, alert. */
const SEVERITIES: Record<Priority, number> = { '-2': 6, '-1': 6, 0: 5, 1: 4, 2: 1 }

/** Receivers should take 8192 bytes. */
const TEXT_MAX = 1024
const VALUE_MAX = 256

const BOM = '\ufeff'
const plain = (text: string) => text.replaceAll(/\p{Cc}/gu, ' ')

/** A header's field: printable ASCII without spaces, or the sign for nothing. */
function field(text: string, max: number): string {
  const fit = text.replaceAll(/[^!-~]/g, '').slice(0, max)
  return fit === '' ? '-' : fit
}

/** Structured data; the number is the one that RFC 5612 leaves to all who have none. */
function facts({ record, meaning, group, count }: Alert, key: string): string {
  const values = {
    key,
    group,
    count: String(count),
    type: record?.type,
    outcome: record?.outcome,
    service: record?.service,
    user: record?.user,
    ruser: record?.ruser,
    tty: record?.tty,
    source: meaning?.source?.address ?? meaning?.source?.name,
  }
  const quoted = Object.entries(values)
    .filter(([, value]) => typeof value === 'string' && value !== '')
    .map(([name, value]) => `${name}="${shorten(plain(String(value)), VALUE_MAX).replaceAll(/["\\\]]/g, '\\$&')}"`)
  return `[origin software="pam-alert" swVersion="${VERSION}"][pam-alert@32473 ${quoted.join(' ')}]`
}

function frame(alert: Alert, key: string): Buffer {
  const { record, priority, time, text } = alert
  const header = [
    `<${FACILITY * 8 + SEVERITIES[priority]}>1`,
    time,
    field(record?.host.name ?? hostname(), 255),
    'pam-alert',
    record === null ? '-' : record.pid,
    record === null ? 'notice' : record.type,
    facts(alert, key),
  ]
  const said = shorten(plain(text), TEXT_MAX)
  const message = Buffer.from(`${header.join(' ')} ${/^[ -~]*$/.test(said) ? said : BOM + said}`)
  return Buffer.concat([Buffer.from(`${message.length} `), message])
}

function deliver(socket: Socket, data: Buffer, signal: AbortSignal): Promise<Outcome> {
  return new Promise((resolve) => {
    const end = () => socket.destroy(new Error('the attempt ran out of time'))
    signal.addEventListener('abort', end)
    socket.on('error', (error) => resolve(unreachable(error)))
    socket.on('data', () => {
      resolve(retry('it answers: this is no syslog server'))
      socket.destroy()
    })
    socket.on('close', () => {
      signal.removeEventListener('abort', end)
      resolve(delivered())
    })
    socket.end(data)
    if (signal.aborted) end()
  })
}

export const syslog: NotifierKind<Options> = {
  type: 'syslog',
  schema: {
    required: ['host'],
    properties: {
      host: { type: 'string', minLength: 1 },
      port: { type: 'integer', minimum: 1, maximum: 65535 },
      tls: { type: 'boolean' },
    },
  },
  example: `
type = "syslog"
host = "logs.example"
port = 6514                             # the default; without TLS 601
tls = true                              # the default; false sends it in the clear
`,
  create({ host, tls = true, port = tls ? 6514 : 601 }, { network }) {
    return {
      send(alert, { key, signal }) {
        const socket = tls ? connectTls({ host, port, secureContext: network.trust() }) : connect({ host, port })
        return deliver(socket, frame(alert, key), signal)
      },
    }
  },
}

// What a record means: address, method, key. Pure; whatever sshd was told by the user is advisory.
import { createHash } from 'node:crypto'
import { isIP } from 'node:net'
import type { EventRecord } from './model/event.ts'
import type { Key, Meaning, Source } from './model/meaning.ts'

/** sudo(8) names its own host in PAM_RHOST. */
const LOCAL_SERVICES = new Set(['sudo', 'sudo-i'])

/** As one writes it: without a zone, and an IPv4 address in IPv6 dress as IPv4. null if it isn't one. */
function addressOf(text: string): string | null {
  const bare = text.replace(/%.*$/, '').replace(/^::ffff:(?=\d+\.)/i, '')
  return isIP(bare) === 0 ? null : bare.toLowerCase()
}

/** SSH_CONNECTION: client address, client port, server address, server port; ssh(1). */
function connectionOf(record: EventRecord): { address: string; port: number } | null {
  const [client = '', port = ''] = record.ssh?.connection?.split(' ') ?? []
  const address = addressOf(client)
  return address !== null && /^\d{1,5}$/.test(port) ? { address, port: Number(port) } : null
}

function sourceOf(record: EventRecord): Source | null {
  const { rhost, service, host } = record
  if (rhost === null || rhost === '' || LOCAL_SERVICES.has(service) || rhost === host.name) return null
  const address = addressOf(rhost)
  const connection = connectionOf(record)
  if (address === null)
    return {
      address: connection?.address ?? null,
      port: connection?.port ?? null,
      name: rhost,
    }
  // PAM_RHOST is sshd's word; the port counts only where both agree.
  return {
    address,
    port: connection?.address === address ? connection.port : null,
    name: null,
  }
}

/** SSH_AUTH_INFO_0: a line per method that succeeded, the last one decided; sshd_config(5) ExposeAuthInfo. */
function lastMethod(record: EventRecord): string[] | null {
  const lines = record.ssh?.auth_info?.split('\\x0a').filter((line) => line !== '') ?? []
  return lines.at(-1)?.split(' ') ?? null
}

function keyOf(words: string[] | null): Key | null {
  const [method, type, blob] = words ?? []
  if (method !== 'publickey' || type === undefined || blob === undefined) return null
  const digest = createHash('sha256').update(Buffer.from(blob, 'base64')).digest('base64')
  return {
    type,
    fingerprint: `SHA256:${digest.replace(/=+$/, '')}`,
    name: null,
  }
}

export function enrich(record: EventRecord): Meaning {
  const words = lastMethod(record)
  return {
    source: sourceOf(record),
    method: words?.[0] ?? null,
    key: keyOf(words),
  }
}

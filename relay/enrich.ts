// What a record means: address, method, key, what is new in it. Pure over what it is told is known;
// whatever sshd was told by the user is advisory.
import type { Knowledge } from './enrich/knowledge.ts'
import { addressOf } from './model/address.ts'
import type { EventRecord } from './model/event.ts'
import { factsOf } from './model/facts.ts'
import { fingerprintOf } from './model/keys.ts'
import type { Key, Meaning, Source } from './model/meaning.ts'
import { isUnknown } from './model/names.ts'

/** Finds nothing new, and nobody mighty but root. */
export const NO_KNOWLEDGE: Knowledge = {
  nameOf: () => null,
  unseen: () => [],
  closedBy: () => null,
  standing: (user) => ({ admin: user === 'root', groups: [] }),
  keyName: () => null,
  place: () => null,
}

/** sudo(8) names its own host in PAM_RHOST. */
const LOCAL_SERVICES = new Set(['sudo', 'sudo-i'])

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
  // PAM_RHOST is sshd's word; the port counts only where both agree. A log's line is all sshd's.
  const logged = record.log?.fields.port
  return {
    address,
    port: logged !== undefined ? Number(logged) : connection?.address === address ? connection.port : null,
    name: null,
  }
}

/** SSH_AUTH_INFO_0: a line per method that succeeded, the last one decided; sshd_config(5) ExposeAuthInfo. */
function lastMethod(record: EventRecord): string[] | null {
  const lines = record.ssh?.auth_info?.split('\\x0a').filter((line) => line !== '') ?? []
  return lines.at(-1)?.split(' ') ?? null
}

function keyOf(words: string[] | null): Omit<Key, 'name'> | null {
  const [method, type, blob] = words ?? []
  if (method !== 'publickey' || type === undefined || blob === undefined) return null
  return { type, fingerprint: fingerprintOf(blob) }
}

/** sshd's log names the key that was taken or refused by type and fingerprint. */
function loggedKey({ log }: EventRecord): Omit<Key, 'name'> | null {
  const { key_type: type, fingerprint } = log?.fields ?? {}
  return type !== undefined && fingerprint !== undefined ? { type, fingerprint } : null
}

export function enrich(record: EventRecord, knows: Knowledge = NO_KNOWLEDGE): Meaning {
  const words = lastMethod(record)
  const user = record.user !== null && isUnknown(record.user) ? (knows.nameOf(record.user) ?? record.user) : record.user
  const source = sourceOf(record)
  const key = loggedKey(record) ?? keyOf(words)
  const told = {
    source,
    method: record.log?.fields.method ?? words?.[0] ?? null,
    key: key === null ? null : { ...key, name: knows.keyName(user ?? '', key.fingerprint) },
  }
  const facts = factsOf(record, told)
  return {
    user,
    ...told,
    first: facts === null ? [] : knows.unseen(facts),
    session: knows.closedBy(record),
    ...knows.standing(user ?? ''),
    place: source?.address ? knows.place(source.address) : null,
    attack: null,
  }
}

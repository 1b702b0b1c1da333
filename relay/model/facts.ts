// What can be new in a login, as values to remember and to compare. It remembers nothing itself.

import { networkOf } from './address.ts'
import { type EventRecord, TEST_SERVICE } from './event.ts'
import type { First, Meaning } from './meaning.ts'

export interface Facts {
  user: string
  /** Who became `user`, by su or sudo; "" where somebody came as himself. */
  asker: string
  facts: readonly (readonly [First, string])[]
}

/** PAM_RUSER: su and sudo say who asked. null: nobody became somebody else. */
export function askerOf({ user, ruser }: EventRecord, source: Meaning['source']): string | null {
  return source === null && ruser && ruser !== user ? ruser : null
}

/** null: nobody got in, and nobody tried. */
export function factsOf(record: EventRecord, { source, key, method }: Pick<Meaning, 'source' | 'key' | 'method'>) {
  const { user, service, type } = record
  if (!user || service === TEST_SERVICE || type === 'close_session' || type === 'password') return null
  const place = source?.address ?? source?.name ?? null
  const network = source?.address ? networkOf(source.address) : null
  const values: Record<First, string | null> = {
    user,
    source: place,
    network,
    key: key?.fingerprint ?? null,
    method,
    service,
  }
  const facts = (Object.entries(values) as [First, string | null][]).filter(([, value]) => value !== null)
  return { user, asker: askerOf(record, source) ?? '', facts } as Facts
}

/** Only who got in teaches: a name that somebody tries is no less strange for being tried twice. */
export const teaches = ({ type, outcome }: EventRecord) => type === 'open_session' && outcome === 'success'

// The chain over all stored events: whoever changes, removes or adds one breaks every hash behind it.
import { createHash } from 'node:crypto'

/** What stands before the first event. */
export const GENESIS: Uint8Array = new Uint8Array(32)

/** SHA-256 over the hash before and the record's bytes. */
export function chainHash(prev: Uint8Array, record: string): Uint8Array {
  return createHash('sha256').update(prev).update(record).digest()
}

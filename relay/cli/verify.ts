// pam-alert verify: recomputes the chain over all stored events and names the first that breaks it.
import { existsSync } from 'node:fs'
import { openReadOnly } from '../db/database.ts'
import { createEvents } from '../db/events.ts'
import { EXIT, PamAlertError } from '../model/errors.ts'
import type { Paths } from '../model/paths.ts'
import { chainHash, GENESIS } from '../sign.ts'
import { say, sayJson, style } from './terminal.ts'

export interface Verdict {
  events: number
  /** The last event, and the hash that the chain has there. */
  seq: number
  hash: string
  /** null: whole. */
  broken: { seq: number; reason: string } | null
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

/** @param witnessed a head that a receiver has seen; it must be on this chain */
export function verifyChain(path: string, witnessed: { seq: number; hash: string } | null): Verdict {
  const db = openReadOnly(path)
  try {
    let [seq, hash, events] = [0, GENESIS, 0]
    let seen = witnessed === null
    const verdict = (reason: string | null, at = seq): Verdict => ({
      events,
      seq,
      hash: hex(hash),
      broken: reason === null ? null : { seq: at, reason },
    })
    for (const row of createEvents(db).chain()) {
      if (row.seq !== seq + 1)
        return verdict(row.seq - seq === 2 ? 'it is missing' : `it and all up to ${row.seq - 1} are missing`, seq + 1)
      const expected = chainHash(hash, row.record)
      if (hex(expected) !== hex(row.hash))
        return verdict('it was changed or put in, or the one before it was changed', row.seq)
      ;[seq, hash, events] = [row.seq, expected, events + 1]
      if (witnessed?.seq === seq) {
        if (witnessed.hash !== hex(hash)) return verdict('a receiver has seen another hash here')
        seen = true
      }
    }
    return verdict(seen ? null : 'a receiver has seen this event; the chain ends before it', witnessed?.seq)
  } finally {
    db.close()
  }
}

/** @throws {PamAlertError} usage, store_unusable */
export function verify(paths: Paths, { json = false, head }: { json?: boolean; head?: string }) {
  const [, seq, hash] = /^(\d{1,15}):([0-9a-f]{64})$/.exec(head ?? '') ?? []
  if (head !== undefined && hash === undefined)
    throw new PamAlertError('usage', `--head ${head}: must be SEQ:HASH, as "chain" in an alert has them`)
  if (!existsSync(paths.database)) throw new PamAlertError('store_unusable', `${paths.database} does not exist`)
  const verdict = verifyChain(paths.database, hash === undefined ? null : { seq: Number(seq), hash })
  if (verdict.broken) process.exitCode = EXIT.notSo
  if (json) return sayJson(verdict)
  if (verdict.broken) say(style('red', `event ${verdict.broken.seq}: ${verdict.broken.reason}`))
  else say(`${style('green', 'whole')}  ${verdict.events} events, head ${verdict.seq}:${verdict.hash}`)
}

// pam-alert verify: recomputes the chain over all stored events and names the first that breaks it.
import { existsSync } from 'node:fs'
import { openReadOnly } from '../db/database.ts'
import { createEvents } from '../db/events.ts'
import { createPruning } from '../db/pruning.ts'
import { EXIT, PamAlertError } from '../model/errors.ts'
import type { Paths } from '../model/paths.ts'
import { plural } from '../model/text.ts'
import { chainHash, cutText, GENESIS, openHostKey } from '../sign.ts'
import { localTime, say, sayJson, style } from './terminal.ts'

export interface Verdict {
  events: number
  /** The last event, and the hash that the chain has there. */
  seq: number
  hash: string
  /** Events up to this one were taken away on purpose, the last of them then; null: none was. */
  pruned: { seq: number; time: string } | null
  /** null: whole. */
  broken: { seq: number; reason: string } | null
}

const OTHER_HASH = 'a receiver has seen another hash here'

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

/** Whether the host has signed this text; without its key nothing is proved. */
export type Signed = (text: string, signature: string) => boolean

/** @param witnessed a head that a receiver has seen; it must be on this chain, unless that was cut behind it */
export function verifyChain(
  path: string,
  witnessed: { seq: number; hash: string } | null,
  signed: Signed = () => false,
): Verdict {
  const db = openReadOnly(path)
  try {
    // One state of the store, while the relay goes on writing.
    db.exec('BEGIN')
    const [cut] = createPruning(db).cuts()
    let [seq, hash, events] = [cut?.seq ?? 0, cut?.hash ?? GENESIS, 0]
    let seen = witnessed === null || witnessed.seq < seq
    const verdict = (reason: string | null, at = seq): Verdict => ({
      events,
      seq,
      hash: hex(hash),
      pruned: cut === undefined ? null : { seq: cut.seq, time: cut.time },
      broken: reason === null ? null : { seq: at, reason },
    })
    const witness = () => {
      if (witnessed?.seq !== seq) return true
      seen = true
      return witnessed.hash === hex(hash)
    }
    if (cut !== undefined && !signed(cutText(cut), cut.signature))
      return verdict('the history is cut behind this one, and the host has not signed that')
    if (!witness()) return verdict(OTHER_HASH)
    for (const row of createEvents(db).chain()) {
      if (row.seq <= seq) return verdict('it was pruned, and is here again', row.seq)
      if (row.seq !== seq + 1)
        return verdict(row.seq - seq === 2 ? 'it is missing' : `it and all up to ${row.seq - 1} are missing`, seq + 1)
      const expected = chainHash(hash, row.record)
      if (hex(expected) !== hex(row.hash))
        return verdict('it was changed or put in, or the one before it was changed', row.seq)
      ;[seq, hash, events] = [row.seq, expected, events + 1]
      if (!witness()) return verdict(OTHER_HASH)
    }
    // The newest is never pruned.
    if (cut !== undefined && events === 0) return verdict('it and all behind it are missing', seq + 1)
    return verdict(seen ? null : 'a receiver has seen this event; the chain ends before it', witnessed?.seq)
  } finally {
    db.close()
  }
}

const signedBy = ({ hostKey }: Paths): Signed => (existsSync(hostKey) ? openHostKey(hostKey).verify : () => false)

/** @throws {PamAlertError} not_root, usage, store_unusable */
export function verify(paths: Paths, { json = false, head }: { json?: boolean; head?: string }) {
  const [, seq, hash] = /^(\d{1,15}):([0-9a-f]{64})$/.exec(head ?? '') ?? []
  if (head !== undefined && hash === undefined)
    throw new PamAlertError('usage', `--head ${head}: must be SEQ:HASH, as "chain" in an alert has them`)
  if (process.geteuid?.() !== 0 && paths.root === '/') throw new PamAlertError('not_root')
  if (!existsSync(paths.database)) throw new PamAlertError('store_unusable', `${paths.database} does not exist`)
  const witnessed = hash === undefined ? null : { seq: Number(seq), hash }
  const verdict = verifyChain(paths.database, witnessed, signedBy(paths))
  const { pruned } = verdict
  if (verdict.broken) process.exitCode = EXIT.notSo
  if (json) return sayJson(verdict)
  if (pruned) say(`Events 1 to ${pruned.seq} were pruned on purpose, the last of them ${localTime(pruned.time)}.`)
  if (witnessed && pruned && witnessed.seq < pruned.seq)
    say(`Event ${seq} is one of them; nothing tells of it any more.`)
  if (verdict.broken) say(style('red', `event ${verdict.broken.seq}: ${verdict.broken.reason}`))
  else say(`${style('green', 'whole')}  ${plural(verdict.events, 'event')}\n       head ${verdict.seq}:${verdict.hash}`)
}

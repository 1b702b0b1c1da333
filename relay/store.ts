// Stores each event before it is acknowledged, and hands the stored ones on, in order, none twice
// and none left out. What comes after it can fail or be killed; it goes on where it stopped.
import type { Logger } from 'pino'
import { type Database, transaction } from './db/database.ts'
import type { Events } from './db/events.ts'
import type { EventRecord, Host, LoginEvent, Receipt } from './model/event.ts'
import { chainHash, GENESIS } from './sign.ts'

interface Waiting {
  event: LoginEvent
  resolve(receipt: Receipt): void
  reject(error: unknown): void
}

/** How many events one transaction hands on, before logins get their turn again. */
const ONWARD_BATCH = 128

export interface StoreOptions {
  db: Database
  events: Events
  host: Host
  log: Logger
  /** Called once for each event, in order, in a transaction with what it writes. */
  onward(record: EventRecord): void
}

export function createStore({ db, events, host, log, onward }: StoreOptions) {
  const head = events.head()
  let seq = head?.seq ?? 0
  let hash = head?.hash ?? GENESIS
  let waiting: Waiting[] = []
  let handingOn = false
  let stopped = false

  function insert(event: LoginEvent): Receipt {
    const known = events.seqOf(event.id)
    if (known !== null) return { id: event.id, seq: known, repeated: true }
    const record = JSON.stringify({
      ...event,
      host,
      seq: seq + 1,
    } satisfies EventRecord)
    const next = chainHash(hash, record)
    events.insert(seq + 1, event.id, record, next)
    seq += 1
    hash = next
    return { id: event.id, seq, repeated: false }
  }

  /** All that has arrived in this turn of the event loop shares one commit; a lone event waits for nobody. */
  function commit() {
    const batch = waiting
    waiting = []
    const before = { seq, hash }
    try {
      const receipts = transaction(db, () => batch.map(({ event }) => insert(event)))
      batch.forEach(({ resolve }, i) => {
        resolve(receipts[i] as Receipt)
      })
    } catch (error) {
      seq = before.seq
      hash = before.hash
      log.error({ err: error, events: batch.map(({ event }) => event.id) }, 'events not stored')
      for (const { reject } of batch) reject(error)
      return
    }
    handOn()
  }

  function handOn() {
    if (handingOn) return
    handingOn = true
    setImmediate(() => {
      handingOn = false
      if (stopped) return
      const from = events.routed()
      if (from >= seq) return
      transaction(db, () => {
        const records = events.after(from, ONWARD_BATCH)
        for (const record of records) onward(record)
        events.setRouted(records.at(-1)?.seq ?? from)
      })
      handOn()
    })
  }

  return {
    /** Resolves after the commit is on disk; rejects if it could not be stored. */
    append(event: LoginEvent): Promise<Receipt> {
      return new Promise((resolve, reject) => {
        waiting.push({ event, resolve, reject })
        if (waiting.length === 1) setImmediate(commit)
      })
    },

    /** Hands on what an earlier run left. */
    resume: handOn,

    /** Hands nothing on any more; the next run will. */
    stop() {
      stopped = true
    },

    /** The sequence number of the last stored event. */
    lastSeq: () => seq,
  }
}

// Stores each event before it is acknowledged, and hands the stored ones on, in order, none twice
// and none left out. What comes after it can fail or be killed; it goes on where it stopped.
import type { Logger } from 'pino'
import { type Database, derived, storeFaultOf, transaction } from './db/database.ts'
import type { Events } from './db/events.ts'
import type { Clock } from './model/clock.ts'
import type { EventRecord, Host, LogEvent, LoginEvent, Receipt } from './model/event.ts'
import { chainHash, GENESIS } from './sign.ts'

/** How many events share a commit at most: the first of them waits for the last. */
const COMMIT_BATCH = 128
/** How many events one transaction hands on, before logins get their turn again. */
const ONWARD_BATCH = 128
/** A lone event is handed on at once; of many, those of so many milliseconds together: logins go first. */
export const ONWARD_APART_MS = 10
/** While nothing can be written, it is tried this often. */
const PROBE_MS = 5000

interface Waiting {
  event: LoginEvent | LogEvent
  /** Written in the same commit. */
  alongside: (() => void) | undefined
  resolve(receipt: Receipt): void
  reject(error: unknown): void
}

export interface StoreOptions {
  db: Database
  events: Events
  host: Host
  clock: Clock
  log: Logger
  /** What an event may have to wait for before it is handed on; null: nothing. */
  unsettled(): Promise<void> | null
  /** Called once for each event, in order, in a transaction with what it writes. */
  onward(record: EventRecord): void
  /** Handing this one on has failed for its own sake; it will not be tried again. */
  stumbled(record: EventRecord, error: unknown): void
  /** Nothing can be written any more, or something again. */
  failing(error: unknown): void
  recovered(): void
}

export interface StoreHealth {
  events: number
  last_error: string | null
}

export function createStore(options: StoreOptions) {
  const { db, events, host, clock, log, unsettled, onward, stumbled, failing, recovered } = options
  const head = events.head()
  let seq = head?.seq ?? 0
  let hash = head?.hash ?? GENESIS
  let waiting: Waiting[] = []
  let handingOn = false
  let handedOnAt = Number.NEGATIVE_INFINITY
  let stopped = false
  let lastError: string | null = null
  let cancelProbe = () => {}

  function insert(event: LoginEvent | LogEvent): Receipt {
    const known = events.seqOf(event.id)
    if (known !== null) return { id: event.id, seq: known, repeated: true }
    const record = JSON.stringify({ ...event, host, seq: seq + 1 } satisfies EventRecord)
    const next = chainHash(hash, record)
    events.insert(seq + 1, event.id, record, next)
    seq += 1
    hash = next
    return { id: event.id, seq, repeated: false }
  }

  function add({ event, alongside }: Waiting): Receipt {
    const receipt = insert(event)
    alongside?.()
    return receipt
  }

  /**
   * Commits as soon as a turn of the event loop brings nothing more, so that a lone event waits for nobody.
   * Many share a commit over several turns: Node accepts one connection in each.
   */
  function gather(before: number) {
    if (waiting.length > before && waiting.length < COMMIT_BATCH) setImmediate(gather, waiting.length)
    else commit()
  }

  function commit() {
    const batch = waiting
    waiting = []
    const before = { seq, hash }
    try {
      if (stopped) throw new Error('the store is closed')
      const receipts = transaction(db, () => batch.map(add))
      works()
      for (const [i, { resolve }] of batch.entries()) resolve(receipts[i] as Receipt)
    } catch (error) {
      seq = before.seq
      hash = before.hash
      for (const { reject } of batch) reject(error)
      if (!stopped) failed(error)
      return
    }
    handOn()
  }

  function handOn() {
    if (handingOn || stopped) return
    handingOn = true
    const wait = handedOnAt + ONWARD_APART_MS - clock.monotonic()
    if (wait > 0) clock.after(wait, handOnNow)
    else setImmediate(handOnNow)
  }

  async function handOnNow() {
    await unsettled()
    handingOn = false
    if (stopped) return
    handedOnAt = clock.monotonic()
    try {
      if (handOnBatch()) handOn()
    } catch (error) {
      failed(error)
    }
  }

  /** @returns whether there may be more */
  function handOnBatch(): boolean {
    const from = events.routed()
    if (from >= seq) return false
    return derived(db, () => {
      const records = events.after(from, ONWARD_BATCH)
      for (const record of records) {
        try {
          onward(record)
        } catch (error) {
          if (storeFaultOf(error) !== null) throw error
          stumbled(record, error)
        }
      }
      events.setRouted(records.at(-1)?.seq ?? from)
      return records.length === ONWARD_BATCH
    })
  }

  function works() {
    cancelProbe()
    if (lastError === null) return
    lastError = null
    log.info('events are stored again')
    recovered()
  }

  function failed(error: unknown) {
    const first = lastError === null
    lastError = error instanceof Error ? error.message : String(error)
    log.error({ err: error }, 'the store fails')
    cancelProbe()
    cancelProbe = clock.after(PROBE_MS, probe)
    if (first) failing(error)
  }

  function probe() {
    if (stopped) return
    try {
      transaction(db, () => events.probe(clock.now()))
      works()
      handOn()
    } catch (error) {
      failed(error)
    }
  }

  return {
    /**
     * Resolves after the commit is on disk; rejects if it could not be stored.
     * @param alongside what else is written in that commit
     */
    append(event: LoginEvent | LogEvent, alongside?: () => void): Promise<Receipt> {
      return new Promise((resolve, reject) => {
        waiting.push({ event, alongside, resolve, reject })
        if (waiting.length === 1) setImmediate(gather, 0)
      })
    },

    /** Hands on what an earlier run left. */
    resume: handOn,

    /** Somebody else could not write. */
    failed,

    health: (): StoreHealth => ({ events: seq, last_error: lastError }),

    /** The end of the chain. */
    head: () => ({ seq, hash }),

    /** Stores and hands on nothing any more; the next run will. */
    stop() {
      stopped = true
      cancelProbe()
    },
  }
}

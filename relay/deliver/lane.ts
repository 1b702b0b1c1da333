// One notifier and what waits for it: attempts under a deadline, one after the other, back-off, pauses.
import PQueue from 'p-queue'
import type { Deliveries, Delivery } from '../db/deliveries.ts'
import type { Alert } from '../model/alert.ts'
import type { Outcome, Settled } from '../model/outcome.ts'
import type { Notifier } from '../notifiers/notifier.ts'
import { type AttemptOptions, createAttempts } from './attempt.ts'

/** Full jitter: each wait is drawn between nothing and min(longest, first * 2^n), so that hosts don't retry in step. */
export const BACKOFF = { firstMs: 1000, longestMs: 300_000 } as const
/** A service's Retry-After is obeyed up to here. */
const RETRY_AFTER_LONGEST_MS = 3_600_000
/** How long a notifier rests that lets us in no more (401, 403, 410 …), before it is tried again. */
const PAUSE_MS = 900_000
/** Rows held in memory: those that wait for their first attempt, and all of them. */
const LOADED_MAX = 64
const WAITING_MAX = 1024
/** When the store can't note what became of a message, it is told again after this. */
const NOTE_AGAIN_MS = 5000

export interface LaneOptions extends AttemptOptions {
  deliveries: Deliveries
  random: () => number
  /** The notifier is out of order: tell it through the others. */
  alarm(reason: string): void
  /** The store could not note something. */
  storeFailed(error: unknown): void
}

export interface LaneHealth {
  last_success: string | null
  last_error: string | null
  paused_until: string | null
}

interface Waiting {
  delivery: Delivery
  /** On the monotonic clock. */
  due: number
}

export function createLane(options: LaneOptions) {
  const { name, deliveries, clock, log, random, alarm, storeFailed } = options
  const queue = new PQueue({ concurrency: 1 })
  const send = createAttempts(options)
  /** null: not configured; what waits stays in the store until it is back. */
  let notifier: Notifier | null = null
  /** Row id up to which rows were loaded from the store. */
  let loaded = 0
  let waiting: Waiting[] = []
  let failures = 0
  let pausedUntil = 0
  let alarmed = false
  let stopped = false
  let lastSuccessMs: number | null = null
  let lastError: string | null = null
  let cancelWake = () => {}

  const backoff = (n: number) =>
    Math.round(random() * Math.min(BACKOFF.longestMs, BACKOFF.firstMs * 2 ** Math.min(n, 30)))

  function sleep(ms: number) {
    cancelWake = clock.after(ms, pump)
  }

  /**
   * Queues what is due, and wakes up for what isn't yet. While the notifier fails, one message at a time
   * probes it, and the least tried goes first, so that one which never gets through can't keep the others.
   */
  function pump() {
    cancelWake()
    if (stopped || notifier === null) return
    const now = clock.monotonic()
    if (pausedUntil > now) return sleep(pausedUntil - now)
    load(now)
    const probing = failures > 0
    if (probing && queue.size + queue.pending > 0) return
    const due = waiting
      .filter((entry) => entry.due <= now)
      .sort((a, b) => (probing ? a.delivery.attempts - b.delivery.attempts : 0) || a.delivery.id - b.delivery.id)
      .slice(0, probing ? 1 : LOADED_MAX)
    waiting = waiting.filter((entry) => !due.includes(entry))
    for (const { delivery } of due) void queue.add(() => attempt(delivery))
    const next = Math.min(...waiting.map((entry) => entry.due))
    if (due.length === 0 && next < Number.POSITIVE_INFINITY) sleep(next - now)
  }

  function load(now: number) {
    const untried = waiting.filter(({ delivery }) => delivery.attempts === 0).length
    const room = LOADED_MAX - queue.size - queue.pending - untried
    if (room <= 0 || waiting.length > WAITING_MAX) return
    for (const delivery of deliveries.next(name, loaded, room)) {
      loaded = delivery.id
      // From before a restart, by a wall clock that may have been moved since.
      const rest = Math.min(Math.max(delivery.notBefore - clock.now(), 0), RETRY_AFTER_LONGEST_MS)
      waiting.push({ delivery, due: now + rest })
    }
  }

  async function attempt(delivery: Delivery): Promise<void> {
    if (stopped) return
    if (notifier === null || pausedUntil > clock.monotonic()) {
      waiting.push({ delivery, due: pausedUntil })
      return
    }
    const { alert, key, attempts, part } = delivery
    begin(delivery)
    const outcome = await send(notifier, alert, { key, earlier: attempts, part })
    if (stopped) return
    if (outcome.kind === 'partly') return attempt({ ...delivery, attempts: attempts + 1, part: part + 1 })
    settle(delivery, outcome)
  }

  /** Before the first byte leaves: whoever tries again after a crash must know that it was tried. */
  function begin(delivery: Delivery) {
    try {
      deliveries.begin(delivery)
    } catch (error) {
      // Better an alert that may come twice than none while the disk is full.
      storeFailed(error)
    }
  }

  /** What became of a message must not be forgotten because the disk is full just now. */
  function note(write: () => void) {
    try {
      write()
    } catch (error) {
      storeFailed(error)
      clock.after(NOTE_AGAIN_MS, () => {
        if (!stopped) note(write)
      })
    }
  }

  function settle(delivery: Delivery, outcome: Settled) {
    const attempts = delivery.attempts + 1
    const about = { notifier: name, key: delivery.key, attempts }
    switch (outcome.kind) {
      case 'delivered':
        note(() => deliveries.delivered(delivery.id, attempts, outcome.receipt ?? null, clock.now()))
        failures = 0
        alarmed = false
        lastSuccessMs = clock.now()
        lastError = null
        log.info(about, 'delivered')
        break
      case 'refused':
        note(() => deliveries.dead(delivery, attempts, outcome.reason, clock.now()))
        failures = 0
        lastError = outcome.reason
        log.warn({ ...about, reason: outcome.reason }, 'refused: dead letter')
        break
      case 'retry':
        putOff({ ...delivery, attempts }, outcome)
        log.warn({ ...about, reason: outcome.reason, paused: outcome.pause ?? false }, 'will be tried again')
    }
    pump()
  }

  function putOff(delivery: Delivery, { reason, afterMs = 0, pause = false }: Extract<Outcome, { kind: 'retry' }>) {
    const wait = pause ? PAUSE_MS : Math.max(backoff(failures), Math.min(afterMs, RETRY_AFTER_LONGEST_MS))
    const rest = pause ? wait : Math.max(wait, backoff(delivery.attempts - 1))
    waiting.push({ delivery, due: clock.monotonic() + rest })
    pausedUntil = clock.monotonic() + wait
    failures += 1
    lastError = reason
    try {
      deliveries.postpone(delivery.id, delivery.attempts, clock.now() + rest, reason)
    } catch (error) {
      // The row says that it is pending; it is tried again all the same.
      storeFailed(error)
    }
    if (pause && !alarmed) {
      alarmed = true
      alarm(reason)
    }
  }

  return {
    /** Looks for rows to send, once the transaction that may be adding some is through. */
    wake() {
      setImmediate(pump)
    },

    /** Replaces the notifier, and tries at once what waited for the old one. null: none is configured. */
    use(next: Notifier | null) {
      notifier = next
      if (next === null) return
      waiting = waiting.map(({ delivery }) => ({ delivery, due: 0 }))
      failures = 0
      pausedUntil = 0
      alarmed = false
      setImmediate(pump)
    },

    /** Dead letters that are to be sent after all; those not loaded yet will be. */
    revive(rows: readonly Delivery[]) {
      for (const delivery of rows) if (delivery.id <= loaded) waiting.push({ delivery, due: 0 })
      setImmediate(pump)
    },

    /** One attempt that nothing is written down of: what the store can't hold must be told, too. */
    async shout(alert: Alert, key: string): Promise<Outcome | null> {
      for (let part = 0; notifier !== null; part++) {
        const outcome = await send(notifier, alert, { key, earlier: 0, part })
        if (outcome.kind !== 'partly') return outcome
      }
      return null
    },

    health(): LaneHealth {
      const iso = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString())
      const rest = pausedUntil - clock.monotonic()
      return {
        last_success: iso(lastSuccessMs),
        last_error: notifier === null ? 'not configured' : lastError,
        paused_until: rest > 0 ? iso(clock.now() + rest) : null,
      }
    },

    /** Starts nothing new; what is under way may end or be cut off, its row stays pending. */
    stop() {
      stopped = true
      cancelWake()
    },
  }
}

export type Lane = ReturnType<typeof createLane>

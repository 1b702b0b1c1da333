// Takes each message to its notifier until that has it or refuses it: one queue per notifier over
// durable rows, so that a slow one holds up no other. At least once, in order where nothing fails.
import { AsyncLocalStorage } from 'node:async_hooks'
import PQueue from 'p-queue'
import type { Logger } from 'pino'
import type { Deliveries, Delivery } from './db/deliveries.ts'
import type { Alert } from './model/alert.ts'
import type { Clock } from './model/clock.ts'
import { type Outcome, retry } from './model/outcome.ts'
import type { Notifier } from './notifiers/notifier.ts'

/** Full jitter: each wait is drawn between nothing and min(longest, first * 2^n), so that hosts don't retry in step. */
export const BACKOFF = { firstMs: 1000, longestMs: 300_000 } as const
/** A service's Retry-After is obeyed up to here. */
const RETRY_AFTER_LONGEST_MS = 3_600_000
/** How long a notifier rests that lets us in no more (401, 403, 410 …), before it is tried again. */
const PAUSE_MS = 900_000
/** One attempt, from the first byte to the last. */
const ATTEMPT_MS = 30_000
/** Rows of one notifier held in memory: those that wait for their first attempt, and all of them. */
const LOADED_MAX = 64
const WAITING_MAX = 1024

export interface DeliveryOptions {
  deliveries: Deliveries
  clock: Clock
  log: Logger
  random?: () => number
  attemptMs?: number
  /** A notifier is out of order: tell it through the others. */
  alarm(notifier: string, reason: string): void
}

interface Lane {
  name: string
  /** null: no longer configured; what waits for it stays in the store until it is back. */
  notifier: Notifier | null
  queue: PQueue
  /** Row id up to which rows were loaded from the store. */
  loaded: number
  /** Loaded and not queued; `due` on the monotonic clock. */
  waiting: { delivery: Delivery; due: number }[]
  failures: number
  pausedUntil: number
  alarmed: boolean
  wake: (() => void) | null
  lastSuccessMs: number | null
  lastError: string | null
}

function createLane(name: string): Lane {
  return {
    name,
    notifier: null,
    queue: new PQueue({ concurrency: 1 }),
    loaded: 0,
    waiting: [],
    failures: 0,
    pausedUntil: 0,
    alarmed: false,
    wake: null,
    lastSuccessMs: null,
    lastError: null,
  }
}

export interface LaneHealth {
  pending: number
  oldest_s: number | null
  last_success: string | null
  last_error: string | null
  paused_until: string | null
  dead: number
}

export function createDelivery(options: DeliveryOptions) {
  const { deliveries, clock, log, alarm, random = Math.random, attemptMs = ATTEMPT_MS } = options
  const lanes = new Map<string, Lane>()
  const current = new AsyncLocalStorage<string>()
  let stopped = false

  const backoff = (failures: number) =>
    Math.round(random() * Math.min(BACKOFF.longestMs, BACKOFF.firstMs * 2 ** Math.min(failures, 30)))

  /**
   * Queues what is due, and wakes up for what isn't yet. While a notifier fails, one message at a time
   * probes it, and the least tried goes first, so that one which never gets through can't keep the others.
   */
  function pump(lane: Lane) {
    lane.wake?.()
    lane.wake = null
    if (stopped || lane.notifier === null) return
    const now = clock.monotonic()
    if (lane.pausedUntil > now) return sleep(lane, lane.pausedUntil - now)
    load(lane, now)
    const probing = lane.failures > 0
    if (probing && lane.queue.size + lane.queue.pending > 0) return
    const due = lane.waiting
      .filter((entry) => entry.due <= now)
      .sort((a, b) => (probing ? a.delivery.attempts - b.delivery.attempts : 0) || a.delivery.id - b.delivery.id)
      .slice(0, probing ? 1 : LOADED_MAX)
    lane.waiting = lane.waiting.filter((entry) => !due.includes(entry))
    for (const { delivery } of due) void lane.queue.add(() => attempt(lane, delivery))
    const next = Math.min(...lane.waiting.map((entry) => entry.due))
    if (due.length === 0 && next < Number.POSITIVE_INFINITY) sleep(lane, next - now)
  }

  function load(lane: Lane, now: number) {
    const untried = lane.waiting.filter(({ delivery }) => delivery.attempts === 0).length
    const room = LOADED_MAX - lane.queue.size - lane.queue.pending - untried
    if (room <= 0 || lane.waiting.length > WAITING_MAX) return
    for (const delivery of deliveries.next(lane.name, lane.loaded, room)) {
      lane.loaded = delivery.id
      // From before a restart, by a wall clock that may have been moved since.
      const rest = Math.min(Math.max(delivery.notBefore - clock.now(), 0), RETRY_AFTER_LONGEST_MS)
      lane.waiting.push({ delivery, due: now + rest })
    }
  }

  function sleep(lane: Lane, ms: number) {
    lane.wake = clock.after(ms, () => pump(lane))
  }

  async function attempt(lane: Lane, delivery: Delivery) {
    const { notifier } = lane
    if (stopped) return
    if (notifier === null || lane.pausedUntil > clock.monotonic()) {
      lane.waiting.push({ delivery, due: lane.pausedUntil })
      return
    }
    const controller = new AbortController()
    const outcome = await Promise.race([
      expiry(controller),
      current.run(lane.name, async () =>
        notifier.send(delivery.alert, {
          key: delivery.key,
          signal: controller.signal,
        }),
      ),
    ])
      .catch((error: unknown): Outcome => {
        log.error({ err: error, notifier: lane.name, key: delivery.key }, 'bug in notifier')
        return retry(`bug in notifier: ${error instanceof Error ? error.message : error}`)
      })
      .finally(() => controller.abort())
    if (!stopped) settle(lane, delivery, outcome)
  }

  function expiry(controller: AbortController): Promise<Outcome> {
    return new Promise((resolve) => {
      const cancel = clock.after(attemptMs, () => {
        resolve(retry(`no answer within ${attemptMs} ms`))
        controller.abort()
      })
      controller.signal.addEventListener('abort', cancel)
    })
  }

  function settle(lane: Lane, delivery: Delivery, outcome: Outcome) {
    const attempts = delivery.attempts + 1
    const about = { notifier: lane.name, key: delivery.key, attempts }
    switch (outcome.kind) {
      case 'delivered':
        deliveries.delivered(delivery.id, attempts, outcome.receipt ?? null, clock.now())
        Object.assign(lane, {
          failures: 0,
          alarmed: false,
          lastSuccessMs: clock.now(),
          lastError: null,
        })
        log.info(about, 'delivered')
        break
      case 'refused':
        deliveries.dead(delivery, attempts, outcome.reason, clock.now())
        Object.assign(lane, { failures: 0, lastError: outcome.reason })
        log.warn({ ...about, reason: outcome.reason }, 'refused: dead letter')
        break
      case 'retry': {
        const wait = outcome.pause
          ? PAUSE_MS
          : Math.max(backoff(lane.failures), Math.min(outcome.afterMs ?? 0, RETRY_AFTER_LONGEST_MS))
        const rest = outcome.pause ? wait : Math.max(wait, backoff(delivery.attempts))
        deliveries.postpone(delivery.id, attempts, clock.now() + rest, outcome.reason)
        lane.waiting.push({
          delivery: { ...delivery, attempts },
          due: clock.monotonic() + rest,
        })
        lane.pausedUntil = clock.monotonic() + wait
        Object.assign(lane, {
          failures: lane.failures + 1,
          lastError: outcome.reason,
        })
        log.warn({ ...about, reason: outcome.reason, wait_ms: wait }, 'will be tried again')
        if (outcome.pause && !lane.alarmed) {
          lane.alarmed = true
          alarm(lane.name, outcome.reason)
        }
      }
    }
    pump(lane)
  }

  function pumpSoon(lane: Lane) {
    // Behind the transaction that is adding rows.
    setImmediate(() => pump(lane))
  }

  return {
    /** Writes the message down; it is sent once the caller's transaction is through. */
    add(notifier: string, key: string, alert: Alert) {
      deliveries.add(notifier, key, alert, clock.now())
      const lane = lanes.get(notifier)
      if (lane) pumpSoon(lane)
    },

    /** Replaces the notifiers and tries at once what waited for the old ones. */
    configure(notifiers: ReadonlyMap<string, Notifier>) {
      for (const lane of lanes.values()) lane.notifier = null
      for (const [name, notifier] of notifiers) {
        const lane = lanes.get(name) ?? createLane(name)
        lanes.set(name, lane)
        const waiting = lane.waiting.map(({ delivery }) => ({ delivery, due: 0 }))
        Object.assign(lane, {
          notifier,
          waiting,
          failures: 0,
          pausedUntil: 0,
          alarmed: false,
        })
        pumpSoon(lane)
      }
    },

    /** The notifier in whose name the running code, or the exception that just escaped, was called. */
    currentNotifier: () => current.getStore() ?? null,

    health(): Record<string, LaneHealth> {
      const backlog = deliveries.backlog()
      const iso = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString())
      const names = new Set([...lanes.keys(), ...backlog.keys()])
      return Object.fromEntries(
        [...names].map((name) => {
          const lane = lanes.get(name)
          const { pending = 0, dead = 0, oldestMs = null } = backlog.get(name) ?? {}
          const rest = lane ? lane.pausedUntil - clock.monotonic() : 0
          return [
            name,
            {
              pending,
              oldest_s: oldestMs === null ? null : Math.max(0, Math.round((clock.now() - oldestMs) / 1000)),
              last_success: iso(lane?.lastSuccessMs ?? null),
              last_error: lane?.notifier ? lane.lastError : 'not configured',
              paused_until: rest > 0 ? iso(clock.now() + rest) : null,
              dead,
            },
          ]
        }),
      )
    },

    /** Starts nothing new; what is under way may end or be cut off, its row stays pending. */
    stop() {
      stopped = true
      for (const lane of lanes.values()) lane.wake?.()
    },
  }
}

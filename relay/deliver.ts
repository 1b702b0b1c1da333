// Takes each message to its notifier until that has it or refuses it: a lane per notifier over durable
// rows, so that a slow one holds up no other. At least once, in order where nothing fails.
import { AsyncLocalStorage } from 'node:async_hooks'
import { randomUUID } from 'node:crypto'
import type { Logger } from 'pino'
import type { Budgets } from './db/budgets.ts'
import type { DeadLetter, Deliveries, Delivery } from './db/deliveries.ts'
import { createLane, type Lane, type LaneHealth } from './deliver/lane.ts'
import type { Alert } from './model/alert.ts'
import type { Clock } from './model/clock.ts'
import type { Limit } from './model/config/budget.ts'
import type { Notifier } from './notifiers/notifier.ts'

const ATTEMPT_MS = 30_000

/** The notifier in whose name the running code, or the exception that just escaped, was called. */
const current = new AsyncLocalStorage<string>()
export const currentNotifier = () => current.getStore() ?? null

export interface DeliveryOptions {
  deliveries: Deliveries
  budgets: Budgets
  clock: Clock
  log: Logger
  random?: () => number
  /** One attempt, from the first byte to the last, in milliseconds. */
  attemptMs?: number
  /** A notifier is out of order: tell it through the others. */
  alarm(notifier: string, reason: string): void
  /** A message rings until somebody answers: ask who does. */
  rings(delivery: Delivery, receipt: string): void
  /** The store could not note what became of a message. */
  storeFailed(error: unknown): void
}

export type NotifierHealth = LaneHealth & { pending: number; oldest_s: number | null; dead: number }

export function createDelivery(options: DeliveryOptions) {
  const {
    deliveries,
    budgets,
    clock,
    log,
    alarm,
    rings,
    storeFailed,
    random = Math.random,
    attemptMs = ATTEMPT_MS,
  } = options
  const lanes = new Map<string, Lane>()

  function laneOf(name: string): Lane {
    const known = lanes.get(name)
    if (known) return known
    const told = (reason: string) => alarm(name, reason)
    const lane = createLane({
      name,
      deliveries,
      budgets,
      clock,
      log,
      random,
      attemptMs,
      current,
      alarm: told,
      rings,
      storeFailed,
    })
    lanes.set(name, lane)
    return lane
  }

  return {
    /** Writes the message down; it is sent once the caller's transaction is through. */
    add(notifier: string, key: string, alert: Alert) {
      deliveries.add(notifier, key, alert, clock.now())
      laneOf(notifier).wake()
    },

    /** Replaces the notifiers; what waits for one that is gone stays in the store until it is back. */
    configure(notifiers: ReadonlyMap<string, Notifier>, limits: ReadonlyMap<string, readonly Limit[]> = new Map()) {
      for (const name of new Set([...lanes.keys(), ...notifiers.keys()]))
        laneOf(name).use(notifiers.get(name) ?? null, limits.get(name))
    },

    /** Tells it at once through every notifier that works, without the store. */
    async shout(alert: Alert) {
      const id = randomUUID()
      await Promise.all(
        [...lanes].map(async ([name, lane]) => {
          const outcome = await lane.shout(alert, `${id}.${name}`)
          if (outcome !== null) log.warn({ notifier: name, outcome, text: alert.text }, 'alarm')
        }),
      )
    },

    dead: (): DeadLetter[] => deliveries.deadLetters(),

    /** Sends dead letters after all. @returns how many there were of these ids */
    retryDead(ids: readonly number[]): number {
      const rows = deliveries.revive(ids)
      for (const [name, own] of Map.groupBy(rows, ({ notifier }) => notifier)) laneOf(name).revive(own)
      return rows.length
    },

    /** Gives dead letters up for good. @returns how many there were of these ids */
    dropDead: (ids: readonly number[]): number => deliveries.drop(ids),

    health(): Record<string, NotifierHealth> {
      const backlog = deliveries.backlog()
      const names = new Set([...lanes.keys(), ...backlog.keys()])
      return Object.fromEntries(
        [...names].map((name) => {
          const { pending = 0, dead = 0, oldestMs = null } = backlog.get(name) ?? {}
          const oldest_s = oldestMs === null ? null : Math.max(0, Math.round((clock.now() - oldestMs) / 1000))
          return [name, { pending, oldest_s, ...laneOf(name).health(), dead }]
        }),
      )
    },

    stop() {
      for (const lane of lanes.values()) lane.stop()
    },
  }
}

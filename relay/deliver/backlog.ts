// The rows of one notifier that are held in memory, and those that are folded into one because they do
// not fit its budget. It sends nothing.
import type { Deliveries, Delivery } from '../db/deliveries.ts'
import type { Clock } from '../model/clock.ts'
import { digestOf, isCountable } from '../model/digest.ts'

/** A service's Retry-After is obeyed up to here. */
export const RETRY_AFTER_LONGEST_MS = 3_600_000
/** Rows held in memory: those that wait for their first attempt, and all of them. */
export const LOADED_MAX = 64
const WAITING_MAX = 1024

interface Waiting {
  delivery: Delivery
  /** On the monotonic clock. */
  due: number
}

/** What goes first where not everything can: what rings, the rest of what has begun, the relay's own words. */
export const isUrgent = ({ alert, part }: Delivery) => alert.priority >= 1 || part > 0 || !isCountable(alert)

const isFoldable = ({ delivery }: Waiting) => delivery.attempts === 0 && !isUrgent(delivery)

export function createBacklog(name: string, deliveries: Deliveries, clock: Clock) {
  /** Row id up to which rows were loaded from the store. */
  let loaded = 0
  /** Digests that were made here, and stand in the store behind what is loaded. */
  const made = new Set<number>()
  let waiting: Waiting[] = []

  return {
    /** @param busy rows that are under way */
    load(busy: number) {
      const now = clock.monotonic()
      const untried = waiting.filter(({ delivery }) => delivery.attempts === 0).length
      const room = LOADED_MAX - busy - untried
      if (room <= 0 || waiting.length > WAITING_MAX) return
      for (const delivery of deliveries.next(name, loaded, room)) {
        loaded = delivery.id
        if (made.delete(delivery.id)) continue
        // From before a restart, by a wall clock that may have been moved since.
        const rest = Math.min(Math.max(delivery.notBefore - clock.now(), 0), RETRY_AFTER_LONGEST_MS)
        waiting.push({ delivery, due: now + rest })
      }
    },

    /** Back into the queue. @param due on the monotonic clock */
    put(delivery: Delivery, due: number) {
      waiting.push({ delivery, due })
    },

    /** At most `max` of those that are due and fit, the first by `order` first. */
    take(max: number, fits: (delivery: Delivery) => boolean, order: (a: Delivery, b: Delivery) => number): Delivery[] {
      const now = clock.monotonic()
      const taken = waiting
        .filter(({ delivery, due }) => due <= now && fits(delivery))
        .sort((a, b) => order(a.delivery, b.delivery) || a.delivery.id - b.delivery.id)
        .slice(0, max)
      waiting = waiting.filter((entry) => !taken.includes(entry))
      return taken.map(({ delivery }) => delivery)
    },

    /** Makes those that were never tried and aren't urgent one. @returns whether there were several */
    fold(): boolean {
      const [first, ...others] = waiting.filter(isFoldable).sort((a, b) => a.delivery.id - b.delivery.id)
      if (first === undefined || others.length === 0) return false
      const rows: [Delivery, ...Delivery[]] = [first.delivery, ...others.map(({ delivery }) => delivery)]
      const digest = deliveries.fold(rows, digestOf(rows.map(({ alert }) => alert)))
      if (digest.id > loaded) made.add(digest.id)
      waiting = [...waiting.filter((entry) => !isFoldable(entry)), { delivery: digest, due: first.due }]
      return true
    },

    /** Milliseconds until one is due. @param rest what it must wait in any case */
    soonest(rest: (delivery: Delivery) => number): number {
      const now = clock.monotonic()
      return Math.min(...waiting.map(({ delivery, due }) => Math.max(due - now, rest(delivery))))
    },

    /** Nothing waits for a time any more. */
    hurry() {
      waiting = waiting.map(({ delivery }) => ({ delivery, due: 0 }))
    },

    /** Dead letters that are to be sent after all; those not loaded yet will be. */
    revive(rows: readonly Delivery[]) {
      for (const delivery of rows) if (delivery.id <= loaded) waiting.push({ delivery, due: 0 })
    },
  }
}

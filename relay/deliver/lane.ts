// One notifier and what waits for it: attempts under a deadline, one after the other, back-off, pauses.
import PQueue from 'p-queue'
import type { Deliveries, Delivery } from '../db/deliveries.ts'
import type { Alert } from '../model/alert.ts'
import type { Limit } from '../model/config/budget.ts'
import type { Outcome, Settled } from '../model/outcome.ts'
import type { Notifier } from '../notifiers/notifier.ts'
import { type AttemptOptions, createAttempts } from './attempt.ts'
import { createBacklog, isUrgent, LOADED_MAX, RETRY_AFTER_LONGEST_MS } from './backlog.ts'
import { type Allowance, type BudgetOptions, createBudget } from './budget.ts'

/** Full jitter: each wait is drawn between nothing and min(longest, first * 2^n), so that hosts don't retry in step. */
export const BACKOFF = { firstMs: 1000, longestMs: 300_000 } as const
/** How long a notifier rests that lets us in no more (401, 403, 410 …), before it is tried again. */
const PAUSE_MS = 900_000
/** Budgets go by the wall clock, which may be moved: they are looked at again after this. */
const LOOK_AGAIN_MS = 900_000
/** When the store can't note what became of a message, it is told again after this. */
const NOTE_AGAIN_MS = 5000

export interface LaneOptions extends AttemptOptions, BudgetOptions {
  deliveries: Deliveries
  random: () => number
  /** The notifier is out of order: tell it through the others. */
  alarm(reason: string): void
  /** It rings until somebody answers: ask who does. */
  rings(delivery: Delivery, receipt: string): void
}

export interface LaneHealth {
  last_success: string | null
  last_error: string | null
  paused_until: string | null
  /** Until then its budget has room for nothing but what is urgent. */
  held_until: string | null
  budget: Allowance[]
}

export function createLane(options: LaneOptions) {
  const { name, deliveries, clock, log, random, alarm, rings, storeFailed } = options
  const queue = new PQueue({ concurrency: 1 })
  const send = createAttempts(options)
  const backlog = createBacklog(name, deliveries, clock)
  const budget = createBudget(options)
  /** null: not configured; what waits stays in the store until it is back. */
  let notifier: Notifier | null = null
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
   * With a budget it is one at a time, too, and what is urgent goes first.
   */
  function pump() {
    cancelWake()
    if (stopped || notifier === null) return
    const now = clock.monotonic()
    if (pausedUntil > now) return sleep(pausedUntil - now)
    const busy = queue.size + queue.pending
    backlog.load(busy)
    const limited = budget.limited()
    const probing = failures > 0
    if ((probing || limited) && busy > 0) return
    const [usual, urgent] = [budget.rest(false), budget.rest(true)]
    const rest = (delivery: Delivery) => (isUrgent(delivery) ? urgent : usual)
    if (usual > 0) hold()
    const due = backlog.take(
      probing || limited ? 1 : LOADED_MAX,
      (delivery) => rest(delivery) === 0,
      (a, b) => (limited ? Number(isUrgent(b)) - Number(isUrgent(a)) : 0) || (probing ? a.attempts - b.attempts : 0),
    )
    for (const delivery of due) void queue.add(() => attempt(delivery))
    const next = backlog.soonest(rest)
    if (due.length === 0 && next < Number.POSITIVE_INFINITY) sleep(Math.min(next, LOOK_AGAIN_MS))
  }

  /** What the budget has no room for is counted together, until it has. */
  function hold() {
    try {
      if (backlog.fold()) setImmediate(pump)
    } catch (error) {
      // It waits as it is.
      storeFailed(error)
    }
  }

  async function attempt(delivery: Delivery): Promise<void> {
    if (stopped) return
    const paused = notifier === null || pausedUntil > clock.monotonic()
    if (notifier === null || paused || budget.rest(isUrgent(delivery)) > 0) {
      backlog.put(delivery, pausedUntil)
      if (!paused) setImmediate(pump)
      return
    }
    const { alert, key, attempts, part } = delivery
    begin(delivery)
    const refund = budget.spend()
    const outcome = await send(notifier, alert, { key, earlier: attempts, part })
    if (stopped) return
    if (outcome.quotas) budget.heed(outcome.quotas)
    if (outcome.kind === 'partly') return attempt({ ...delivery, attempts: attempts + 1, part: part + 1 })
    if (outcome.kind !== 'delivered') refund()
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
        // First: once it is delivered, nothing else remembers it.
        if (outcome.rings !== undefined) note(() => rings(delivery, outcome.rings ?? ''))
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
    // Once this one is out of the queue.
    setImmediate(pump)
  }

  function putOff(delivery: Delivery, { reason, afterMs = 0, pause = false }: Extract<Outcome, { kind: 'retry' }>) {
    const wait = pause ? PAUSE_MS : Math.max(backoff(failures), Math.min(afterMs, RETRY_AFTER_LONGEST_MS))
    const rest = pause ? wait : Math.max(wait, backoff(delivery.attempts - 1))
    backlog.put(delivery, clock.monotonic() + rest)
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
    use(next: Notifier | null, limits: readonly Limit[] = []) {
      notifier = next
      budget.use(limits)
      if (next === null) return
      backlog.hurry()
      failures = 0
      pausedUntil = 0
      alarmed = false
      setImmediate(pump)
    },

    /** Sends dead letters after all. */
    revive(rows: readonly Delivery[]) {
      backlog.revive(rows)
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
      const held = Math.ceil(budget.rest(false))
      return {
        last_success: iso(lastSuccessMs),
        last_error: notifier === null ? 'not configured' : lastError,
        paused_until: rest > 0 ? iso(clock.now() + rest) : null,
        held_until: held > 0 ? iso(clock.now() + held) : null,
        budget: budget.health(),
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

// How many messages a notifier may send: by its configuration, and by what its service says is left.
// It only says how long the next one must wait; it holds, folds and sends nothing.
import type { Budgets, StoredQuota } from '../db/budgets.ts'
import type { Clock } from '../model/clock.ts'
import type { Limit } from '../model/config/budget.ts'
import type { Quota } from '../model/outcome.ts'

/**
 * Half of a budget goes as alerts come, another quarter evenly spread, so that whoever is told never waits
 * long; the last quarter is kept for what is urgent.
 */
const AT_ONCE = 1 / 2
const SPREAD = 1 / 4
const shareOf = (messages: number, share: number) => Math.max(1, Math.floor(messages * share))
/** No service counts over more than a month. */
const LONGEST_MS = 31 * 86_400_000

/** What is left, for whoever operates it. */
export interface Allowance {
  /** 15 minutes, day, month; or as the service calls it. */
  per: string
  messages: number
  left: number
  /** When it is whole again, RFC 3339; null: bit by bit. */
  reset: string | null
}

export interface BudgetOptions {
  name: string
  budgets: Budgets
  clock: Clock
  /** The store could not note something. */
  storeFailed(error: unknown): void
}

/** In any `lengthMs`: `times` are those of the messages sent, in order. */
function restOfLimit(times: readonly number[], { lengthMs, messages }: Limit, urgent: boolean, now: number): number {
  const within = times.filter((at) => at > now - lengthMs)
  const most = urgent ? messages : shareOf(messages, AT_ONCE + SPREAD)
  const free = within.length < most ? 0 : (within[within.length - most] ?? 0) + lengthMs - now
  const spread = !urgent && within.length >= shareOf(messages, AT_ONCE)
  return Math.max(0, free, spread ? (within.at(-1) ?? 0) + lengthMs / shareOf(messages, SPREAD) - now : 0)
}

/** Until the service starts anew. */
function restOfQuota({ messages, remaining, resetMs, saidMs }: StoredQuota, urgent: boolean, now: number): number {
  if (now >= resetMs) return 0
  const used = messages - remaining
  const left = (urgent ? messages : shareOf(messages, AT_ONCE + SPREAD)) - used
  if (left <= 0) return resetMs - now
  return urgent || used < shareOf(messages, AT_ONCE) ? 0 : Math.max(0, saidMs + (resetMs - saidMs) / left - now)
}

export function createBudget({ name, budgets, clock, storeFailed }: BudgetOptions) {
  let limits: readonly Limit[] = []
  let spent = budgets.spent(name)
  let quotas = budgets.quotas(name)
  /** For what could not be written down. */
  let unsaved = 0

  function note(write: () => void) {
    try {
      write()
    } catch (error) {
      // It is counted here all the same.
      storeFailed(error)
    }
  }

  /** What lies ahead of a wall clock that was set back happened now at the latest. */
  function now(): number {
    const wall = clock.now()
    if ((spent.at(-1)?.atMs ?? 0) > wall) {
      spent = spent.map(({ id, atMs }) => ({ id, atMs: Math.min(atMs, wall) }))
      note(() => budgets.redate(name, wall))
    }
    for (const { saidMs, resetMs, ...quota } of quotas.filter((other) => other.saidMs > wall))
      remember({ ...quota, saidMs: wall, resetMs: resetMs - (saidMs - wall) })
    return wall
  }

  function remember(quota: StoredQuota) {
    quotas = [...quotas.filter((other) => other.name !== quota.name), quota]
    note(() => budgets.say(name, quota))
  }

  return {
    /** Replaces what the configuration says. */
    use(next: readonly Limit[]) {
      limits = next
    },

    /** false: there is nothing to wait for, ever. */
    limited: () => limits.length + quotas.length > 0,

    /** Milliseconds that the next message must wait; 0: it fits. */
    rest(urgent: boolean): number {
      const at = now()
      const times = spent.map(({ atMs }) => atMs)
      return Math.max(
        0,
        ...limits.map((limit) => restOfLimit(times, limit, urgent, at)),
        ...quotas.map((quota) => restOfQuota(quota, urgent, at)),
      )
    },

    /** Counts a message, before it leaves. @returns what takes that back */
    spend(): () => void {
      const atMs = now()
      quotas = quotas.map((quota) => ({ ...quota, remaining: Math.max(0, quota.remaining - 1) }))
      if (limits.length === 0) return () => {}
      unsaved -= 1
      let id = unsaved
      note(() => {
        id = budgets.spend(name, atMs)
        budgets.forget(atMs - LONGEST_MS)
      })
      spent = [...spent.filter((old) => old.atMs >= atMs - LONGEST_MS), { id, atMs }]
      return () => {
        spent = spent.filter((other) => other.id !== id)
        note(() => budgets.refund(id))
      }
    },

    /** Believes what the service says. */
    heed(said: readonly Quota[]) {
      const at = now()
      for (const { resetInMs, ...quota } of said)
        remember({ ...quota, resetMs: at + Math.min(resetInMs, LONGEST_MS), saidMs: at })
    },

    health(): Allowance[] {
      const at = now()
      const own = limits.map(({ per, lengthMs, messages }) => {
        const used = spent.filter(({ atMs }) => atMs > at - lengthMs).length
        return { per, messages, left: Math.max(0, messages - used), reset: null }
      })
      const said = quotas.map(({ name: per, messages, remaining, resetMs }) => ({
        per,
        messages,
        left: at >= resetMs ? messages : remaining,
        reset: at >= resetMs ? null : new Date(resetMs).toISOString(),
      }))
      return [...own, ...said]
    },
  }
}

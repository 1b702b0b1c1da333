// Which notifiers get an event, in which group, and whether it is muted. Pure: rules, an event and a time in, targets out.
import { createHash } from 'node:crypto'
import type { Priority } from './model/alert.ts'
import { compileConditions } from './model/conditions.ts'
import type { Mute, Route } from './model/config/routes.ts'
import { type EventRecord, TEST_SERVICE } from './model/event.ts'
import { groupValues, type Values, valuesOf } from './model/fields.ts'
import type { Meaning } from './model/meaning.ts'
import type { Target, TargetGroup } from './model/target.ts'
import { lastingMs } from './model/times.ts'

export interface Decision {
  targets: Target[]
  /** The routes that took it, counted from 0. */
  taken: number[]
}

export interface Rules {
  routes: readonly Route[]
  mutes: readonly Mute[]
}

/** Of the route wherever it stands: a group goes on when others are put before it. */
function identityOf({ name, match, matchRe, not, times, groupBy }: Route): string {
  if (name !== null) return name
  return createHash('sha256')
    .update(JSON.stringify([match, matchRe, not, times, groupBy]))
    .digest('base64url')
    .slice(0, 8)
}

const BREAK_IN_PRIORITY = 1

/** The first matching route wins, unless it says `continue`; a notifier gets an event once at most. */
export function createRouter({ routes, mutes }: Rules, notifiers: readonly string[]) {
  const compiled = routes.map((route) => ({ route, holds: compileConditions(route), identity: identityOf(route) }))
  const named = [...new Set(routes.flatMap(({ notify }) => notify))]

  /** What is muted is told when that ends. */
  function mutedBy(route: Route, nowMs: number): TargetGroup | null {
    for (const { name, times } of mutes) {
      const intervalMs = route.mute.includes(name) ? lastingMs(times, nowMs) : null
      if (intervalMs !== null) return { key: `mute ${name}`, intervalMs, held: `muted (${name})` }
    }
    return null
  }

  function groupOf({ groupBy, groupIntervalMs }: Route, identity: string, values: Values): TargetGroup | null {
    if (groupBy.length === 0) return null
    const key = JSON.stringify([identity, ...groupValues(groupBy, values)])
    return { key, intervalMs: groupIntervalMs, held: null }
  }

  function decide(record: EventRecord, meaning: Meaning, nowMs: number): Decision {
    const values = valuesOf(record, meaning)
    const time = Date.parse(record.time)
    const targets = new Map<string, Target>()
    const taken: number[] = []
    for (const [index, { route, holds, identity }] of compiled.entries()) {
      if (!holds(values, time)) continue
      taken.push(index)
      const group = mutedBy(route, nowMs) ?? groupOf(route, identity, values)
      for (const notifier of route.notify)
        if (!targets.has(notifier)) targets.set(notifier, { notifier, priority: route.priority, group })
      if (!route.continue) break
    }
    return { targets: [...targets.values()], taken }
  }

  /** A success after many refusals is told at once and aloud, even where a route would keep it back. */
  function aloud(targets: readonly Target[]): Target[] {
    const priority = (at: Priority) => Math.max(at, BREAK_IN_PRIORITY) as Priority
    return targets.length === 0
      ? named.map((notifier) => ({ notifier, priority: BREAK_IN_PRIORITY, group: null }))
      : targets.map((target) => ({ ...target, priority: priority(target.priority), group: null }))
  }

  /** @param nowMs wall clock: what is muted, is muted now; the times of a route are the event's */
  return function route(record: EventRecord, meaning: Meaning, nowMs: number): Decision {
    // A test goes to all, or to the one that it names as its terminal: routes mustn't hide a broken notifier.
    if (record.service === TEST_SERVICE)
      return {
        targets: notifiers
          .filter((name) => record.type === 'open_session' && (record.tty ?? name) === name)
          .map((notifier) => ({ notifier, priority: 0, group: null })),
        taken: [],
      }
    const decision = decide(record, meaning, nowMs)
    return meaning.attack?.situation === 'break_in' ? { ...decision, targets: aloud(decision.targets) } : decision
  }
}

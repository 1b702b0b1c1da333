// One thing keeps another silent: what is known to be under way is not told again in other words. What is
// kept silent is counted, and told as a count.
import type { InhibitionTable } from './db/inhibitions.ts'
import { compileConditions, type Wanted } from './model/conditions.ts'
import type { Inhibit } from './model/config/inhibit.ts'
import type { EventRecord } from './model/event.ts'
import { groupValues, valuesOf } from './model/fields.ts'
import type { Meaning } from './model/meaning.ts'
import type { Target } from './model/target.ts'

const when = (match: Wanted) => compileConditions({ match, matchRe: {}, not: {}, times: null })

export function createInhibition(rules: readonly Inhibit[], table: InhibitionTable) {
  const compiled = rules.map((rule) => ({ ...rule, starts: when(rule.source), silences: when(rule.target) }))

  /**
   * Called once for each event, in the transaction that routes it. The event that starts a silence is told
   * itself; a break-in always is.
   */
  return function hold(targets: readonly Target[], record: EventRecord, meaning: Meaning, nowMs: number) {
    const values = valuesOf(record, meaning)
    let left = targets
    for (const { name, equal, forMs, starts, silences } of compiled) {
      const key = JSON.stringify([name, ...groupValues(equal, values)])
      // A wall clock that was put back makes no silence longer than it was to be.
      const restMs = (table.until(key) ?? 0) - nowMs
      if (restMs > 0 && restMs <= forMs && silences(values, nowMs) && meaning.attack?.situation !== 'break_in') {
        const group = { key: `inhibit ${key}`, intervalMs: forMs, held: `inhibited (${name})` }
        left = left.map((target) => (target.group?.held == null ? { ...target, group } : target))
      }
      if (starts(values, nowMs)) table.put(key, nowMs + forMs, nowMs)
    }
    return left
  }
}

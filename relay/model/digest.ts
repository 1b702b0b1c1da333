// Several alerts in one, so that nothing is lost where not each can be a message of its own. Counts add up.
import type { Alert, Priority } from './alert.ts'
import { kindOf } from './kind.ts'
import { inShort, merged, type Tally, tallied } from './tally.ts'
import { plural } from './text.ts'

function tallyOf({ record, meaning, tally }: Alert): Tally | null {
  if (tally !== undefined) return tally
  return record === null || meaning === null ? null : tallied(null, record, meaning)
}

function loginOf({ record, meaning, text, login }: Alert): string | undefined {
  const gotIn = record?.outcome === 'success' && meaning !== null && kindOf(record, meaning) === 'login'
  return gotIn ? text : login
}

/** What the relay says of itself can't be counted. */
export const isCountable = (alert: Alert) => tallyOf(alert) !== null

/** @param alerts countable ones, in the order they came, at least one of which is of an event */
export function digestOf(alerts: readonly Alert[]): Alert {
  const tally = alerts
    .map(tallyOf)
    .filter((one) => one !== null)
    .reduce(merged)
  const last = alerts.findLast(({ record }) => record !== null)
  const login = alerts.map(loginOf).findLast((text) => text !== undefined)
  const folded = alerts.reduce((sum, alert) => sum + (alert.folded ?? 1), 0)
  const title = `${last?.record?.host.name}: ${plural(folded, 'more alert')}`
  return {
    title,
    // No refusal that comes behind it, and anybody can cause one, hides who got in.
    text: `${title}: ${inShort(tally)}; ${login === undefined ? `the last: ${last?.text}` : `the last login: ${login}`}`,
    count: alerts.reduce((sum, { count }) => sum + count, 0),
    record: null,
    meaning: null,
    priority: Math.max(...alerts.map(({ priority }) => priority)) as Priority,
    group: null,
    time: alerts.at(-1)?.time ?? '',
    tally,
    folded,
    ...(login !== undefined && { login }),
    ...(last?.chain && { chain: last.chain }),
  }
}

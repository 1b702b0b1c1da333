// Several alerts in one, so that nothing is lost where not each can be a message of its own. Counts add up.
import type { Alert, Priority } from './alert.ts'
import { inShort, merged, type Tally, tallied } from './tally.ts'
import { plural } from './text.ts'

function tallyOf({ record, meaning, tally }: Alert): Tally | null {
  if (tally !== undefined) return tally
  return record === null || meaning === null ? null : tallied(null, record, meaning)
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
  const folded = alerts.reduce((sum, alert) => sum + (alert.folded ?? 1), 0)
  const title = `${last?.record?.host.name}: ${plural(folded, 'more alert')}`
  return {
    title,
    text: `${title}: ${inShort(tally)}; the last: ${last?.text}`,
    count: alerts.reduce((sum, { count }) => sum + count, 0),
    record: null,
    meaning: null,
    priority: Math.max(...alerts.map(({ priority }) => priority)) as Priority,
    group: null,
    time: alerts.at(-1)?.time ?? '',
    tally,
    folded,
    ...(last?.chain && { chain: last.chain }),
  }
}

// [notifiers.NAME.budget]: how many messages a notifier may send in any 15 minutes, day and month.

export interface Limit {
  per: '15 minutes' | 'day' | 'month'
  lengthMs: number
  messages: number
}

const messages = { type: 'integer', minimum: 1, maximum: 100_000 } as const

export const budgetSchema = {
  type: 'object',
  additionalProperties: false,
  properties: { per_15m: messages, per_day: messages, per_month: messages },
} as const

export type RawBudget = Partial<Record<keyof (typeof budgetSchema)['properties'], number>>

const MINUTE_MS = 60_000
const DAY_MS = 1440 * MINUTE_MS

export function limitsFrom({ per_15m, per_day, per_month }: RawBudget): Limit[] {
  const limit = (per: Limit['per'], lengthMs: number, messages: number | undefined) =>
    messages === undefined ? [] : [{ per, lengthMs, messages }]
  return [
    ...limit('15 minutes', 15 * MINUTE_MS, per_15m),
    ...limit('day', DAY_MS, per_day),
    // No calendar month is longer: whatever day the service begins to count, it never counts more.
    ...limit('month', 31 * DAY_MS, per_month),
  ]
}

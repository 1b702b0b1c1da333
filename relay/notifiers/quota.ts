// A service's own limits, where its answers tell of them in three headers: limit, remaining, reset.
import type { Outcome, Quota } from '../model/outcome.ts'
import type { Answer } from './http.ts'

/**
 * @param prefixes of the headers → what the limit is called
 * @param now wall clock in milliseconds; the header tells seconds of the same
 */
export function quotasOf(headers: Answer['headers'], prefixes: Readonly<Record<string, string>>, now: number): Quota[] {
  return Object.entries(prefixes).flatMap(([prefix, name]) => {
    const [messages, remaining, reset] = ['limit', 'remaining', 'reset'].map((what) => {
      const value = headers[`${prefix}-${what}`]
      return typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : null
    })
    if (messages == null || remaining == null || reset == null || messages === 0) return []
    return [{ name, messages, remaining: Math.min(remaining, messages), resetInMs: Math.max(0, reset * 1000 - now) }]
  })
}

/** The outcome, and what came with it. */
export const withQuotas = <O extends Outcome>(outcome: O, quotas: readonly Quota[]): O =>
  quotas.length === 0 ? outcome : { ...outcome, quotas }

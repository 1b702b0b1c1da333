// What X's answers mean, as twitter-api-v2 hands them over: what it throws, by the fields it carries.
import { type Outcome, refused, retry } from '../../model/outcome.ts'
import { type Answer, outcomeOf, unreachable } from '../http.ts'
import type { Dependencies } from '../notifier.ts'
import { quotasOf, withQuotas } from '../quota.ts'
import { wordsOf } from '../words.ts'

/** X refuses a signature whose time is further off than this. */
const CLOCK_OFF_MS = 300_000

/** Of this request, and where X counts by the day, of the app and of the account. */
export const LIMITS = {
  'x-rate-limit': "X's window",
  'x-app-limit-24hour': "the app's day",
  'x-user-limit-24hour': "the account's day",
} as const

export interface Refusal {
  status: number
  /** X's own words. */
  detail: string
  headers: Answer['headers']
}

/** null: there was no answer. */
export function refusalOf(error: unknown, keys: Dependencies['secrets']): Refusal | null {
  const { code, headers = {}, data } = error as { code?: unknown; headers?: Answer['headers']; data?: unknown }
  if (typeof code !== 'number') return null
  const { detail, errors } = (typeof data === 'object' && data !== null ? data : {}) as Record<string, unknown>
  const first = Array.isArray(errors) ? (errors[0] as { message?: unknown } | null)?.message : undefined
  const words = [detail, first, data].find((text) => typeof text === 'string')
  return { status: code, detail: wordsOf(words, keys), headers }
}

/** By how much the clock of this machine is off, in words; null if X would not mind. */
export function clockOff(headers: Answer['headers'], now: number): string | null {
  const off = now - Date.parse(headers.date ?? '')
  if (!(Math.abs(off) > CLOCK_OFF_MS)) return null
  const minutes = Math.round(Math.abs(off) / 60_000)
  const length = minutes < 120 ? `${minutes} minutes` : `${Math.round(minutes / 60)} hours`
  return `the clock of this machine is ${length} ${off > 0 ? 'fast' : 'slow'}, which X refuses: set it`
}

const withWords = (reason: string, { detail }: Refusal) => (detail === '' ? reason : `${reason}: ${detail}`)

export const isDuplicate = ({ status, detail }: Refusal) => status === 403 && /duplicate/i.test(detail)

/** What became of a request that ended in `error`. */
export function judge(error: unknown, keys: Dependencies['secrets'], now: number): Outcome {
  const refusal = refusalOf(error, keys)
  // The library keeps what went wrong with the connection out of sight.
  if (refusal === null) return unreachable((error as { _options?: { error?: unknown } })._options?.error ?? error)
  return withQuotas(meaningOf(refusal, now), quotasOf(refusal.headers, LIMITS, now))
}

function meaningOf(refusal: Refusal, now: number): Outcome {
  const { status, headers } = refusal
  const outcome = outcomeOf({ status, headers, body: '' }, now)
  const reason = withWords(`HTTP ${status}`, refusal)
  if (isDuplicate(refusal) || outcome.kind === 'refused') return refused(reason)
  if (outcome.kind !== 'retry') return outcome
  const resetMs = Number(headers['x-rate-limit-reset']) * 1000 - now
  const { pause = false, afterMs = status === 429 && resetMs > 0 ? resetMs : undefined } = outcome
  const remedy = clockOff(headers, now) ?? 'the permission may be gone: pam-alert authorize x'
  return retry(status === 401 ? `${reason}; ${remedy}` : reason, {
    ...(pause && { pause }),
    ...(afterMs !== undefined && { afterMs }),
  })
}

// One call to a service's API, and what its answer says. A status alone is never believed: delivered
// is what the body names.
import { delivered, type Outcome, retry } from '../model/outcome.ts'
import { outcomeOf, type Request, send, unreachable } from './http.ts'
import type { Dependencies } from './notifier.ts'
import { wordsOf } from './words.ts'

export interface Call extends Omit<Request, 'body'> {
  /** Sent as JSON, or as a form. */
  body: object | URLSearchParams
}

/** What a body says, of any type: whoever answered may be anybody. */
export interface Says {
  /** The name of what the service has made; without one it took nothing. */
  receipt?: unknown
  /** Why not, in the service's words. */
  reason?: unknown
  /** When to come again. */
  afterMs?: unknown
  /** Nothing is wrong with the alert: an operator must mend the configuration or the service. */
  pause?: boolean
}

function objectFrom(body: string): object {
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {}
  }
}

/**
 * @param read finds its way through `Answer`, each part of which may be missing or something else
 */
export async function call<Answer extends object>(
  { network, secrets, now }: Dependencies,
  signal: AbortSignal,
  { body, headers, ...request }: Call,
  read: (answer: Partial<Answer>, text: string) => Says,
): Promise<Outcome> {
  const form = body instanceof URLSearchParams
  const type = form ? 'application/x-www-form-urlencoded' : 'application/json'
  try {
    const answer = await send(network, signal, {
      ...request,
      headers: { ...headers, 'content-type': type },
      body: form ? body.toString() : JSON.stringify(body),
    })
    const { receipt, reason, afterMs, pause } = read(objectFrom(answer.body), answer.body)
    const named = wordsOf(typeof receipt === 'number' ? String(receipt) : receipt, secrets)
    if (answer.status >= 200 && answer.status < 300 && named !== '') return delivered(named)
    const outcome = outcomeOf(answer, now())
    if (outcome.kind === 'delivered')
      return retry(`HTTP ${answer.status}, but the answer does not say that it was taken`)
    const words = wordsOf(reason, secrets)
    const told = words === '' ? outcome.reason : `${outcome.reason}: ${words}`
    if (pause) return retry(told, { pause })
    if (outcome.kind === 'refused') return { ...outcome, reason: told }
    const when = Number.isFinite(afterMs) && Number(afterMs) > 0 ? { afterMs: Math.ceil(Number(afterMs)) } : {}
    return { ...outcome, reason: told, ...when }
  } catch (error) {
    return unreachable(error)
  }
}

// One call to a service's API, and what its answer says. A status alone is never believed: delivered
// is what the body names.
import { delivered, refused, retry, type Settled } from '../model/outcome.ts'
import { outcomeOf, type Request, send, unreachable } from './http.ts'
import type { Dependencies } from './notifier.ts'
import { wordsOf } from './words.ts'

export interface Call extends Omit<Request, 'body'> {
  /** Sent as JSON, or as a form. */
  body?: object | URLSearchParams
}

/** What a body says, of any type: whoever answered may be anybody. */
export interface Says {
  /** The name of what the service has made; without one it took nothing. */
  receipt?: unknown
  /** Why not, in the service's words. */
  reason?: unknown
  /** When to come again. */
  afterMs?: unknown
  /** If it was not taken, the alert is not to blame: an operator must mend the configuration or the service. */
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

function encoded(body: Call['body'], headers: Record<string, string> = {}): Pick<Request, 'headers' | 'body'> {
  if (body === undefined) return { headers }
  return body instanceof URLSearchParams
    ? { headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' }, body: body.toString() }
    : { headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify(body) }
}

/**
 * @param read finds its way through `Answer`, each part of which may be missing or something else
 */
export async function call<Answer extends object>(
  { network, secrets, now }: Dependencies,
  signal: AbortSignal,
  { body, headers, ...request }: Call,
  read: (answer: Partial<Answer>, text: string) => Says,
): Promise<Settled> {
  try {
    const answer = await send(network, signal, { ...request, ...encoded(body, headers) })
    const { receipt, reason, afterMs, pause } = read(objectFrom(answer.body), answer.body)
    const outcome = outcomeOf(answer, now())
    const named = wordsOf(typeof receipt === 'number' ? String(receipt) : receipt, secrets)
    if (answer.status >= 200 && answer.status < 300 && named !== '') return delivered(named)
    const words = wordsOf(reason, secrets)
    const told = (what: string) => (words === '' ? what : `${what}: ${words}`)
    if (outcome.kind === 'retry') {
      const when = Number.isFinite(afterMs) && Number(afterMs) > 0 ? { afterMs: Math.ceil(Number(afterMs)) } : {}
      return { ...outcome, reason: told(outcome.reason), ...when }
    }
    const why = told(
      outcome.kind === 'refused'
        ? outcome.reason
        : `HTTP ${answer.status}, but the answer does not say that it was taken`,
    )
    if (pause) return retry(why, { pause })
    return outcome.kind === 'refused' ? refused(why) : retry(why)
  } catch (error) {
    return unreachable(error)
  }
}

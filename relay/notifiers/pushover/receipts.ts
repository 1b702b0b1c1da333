// What became of a message that rings until somebody answers: https://pushover.net/api/receipts.
import { type Answer, type Network, send } from '../http.ts'
import type { Ring } from '../notifier.ts'

const BASE = 'https://api.pushover.net/1/receipts'

/** The token is in the address, as the API wants it: no error may quote either. */
async function ask(network: Network, signal: AbortSignal, what: Parameters<typeof send>[2]): Promise<Answer | null> {
  try {
    return await send(network, signal, what)
  } catch {
    // No answer is what the caller is told.
    return null
  }
}

/** Pushover's whole seconds. */
const timeOf = (seconds: unknown) => new Date(Number(seconds) * 1000).toISOString()

function ringOf(text: string, user: string): Ring | null {
  let said: Record<string, unknown>
  try {
    said = JSON.parse(text)
  } catch {
    return null
  }
  if (said?.status !== 1) return null
  if (said.acknowledged !== 1) return { state: said.expired === 1 ? 'expired' : 'ringing' }
  const { acknowledged_by: key, acknowledged_by_device: device } = said
  // Of a group somebody else may be meant than the key in the configuration.
  const by = [device, key === user ? '' : key].filter((part) => typeof part === 'string' && part !== '').join(' of ')
  return { state: 'acknowledged', by, at: timeOf(said.acknowledged_at) }
}

export function createReceipts(network: Network, user: string, token: string) {
  return {
    async ask(receipt: string, signal: AbortSignal): Promise<Ring | null> {
      const url = `${BASE}/${encodeURIComponent(receipt)}.json?token=${encodeURIComponent(token)}`
      const answer = await ask(network, signal, { method: 'GET', url })
      return answer === null ? null : ringOf(answer.body, user)
    },

    async cancel(receipt: string, signal: AbortSignal): Promise<boolean> {
      const url = `${BASE}/${encodeURIComponent(receipt)}/cancel.json`
      const headers = { 'content-type': 'application/x-www-form-urlencoded' }
      const body = String(new URLSearchParams({ token }))
      return (await ask(network, signal, { method: 'POST', url, headers, body }))?.status === 200
    },
  }
}

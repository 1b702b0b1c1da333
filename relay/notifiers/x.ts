// X, as direct messages or posts, through twitter-api-v2; the library is kept to our deadline and
// believed only where the body says that X has made something.
import { TwitterApi } from 'twitter-api-v2'
import type { Alert } from '../model/alert.ts'
import { delivered, type Outcome, retry } from '../model/outcome.ts'
import { defuse } from '../model/text.ts'
import { type Answer, agentFor, outcomeOf, unreachable } from './http.ts'
import type { NotifierKind } from './notifier.ts'

interface Options {
  mode: 'dm' | 'post'
  recipient?: string
}

/** What X counts: https://docs.x.com/fundamentals/counting-characters, and for messages their documented length. */
const LONGEST = { dm: 10_000, post: 280 } as const

/** Code points of weight 1; all others count twice. twitter-text, configuration 3. */
const LIGHT = [
  [0, 0x10ff],
  [0x2000, 0x200d],
  [0x2010, 0x201f],
  [0x2032, 0x2037],
] as const

/** Never less than X counts: of an emoji made of several code points it counts one. */
function weightOf(char: string): number {
  const code = char.codePointAt(0) ?? 0
  return LIGHT.some(([from, to]) => from <= code && code <= to) ? 1 : 2
}

function fit(text: string, max: number): string {
  let weight = 0
  let fitting = ''
  for (const char of text) {
    weight += weightOf(char)
    // The ellipsis counts twice itself.
    if (weight <= max - 2) fitting += char
    if (weight > max) return `${fitting}…`
  }
  return text
}

/** X refuses a text that it has seen; the time makes each of ours another. */
function textFor(alert: Alert, mode: Options['mode']): string {
  const time = ` (${alert.time.slice(5, 23).replace('T', ' ')}Z)`
  return fit(defuse(alert.text), LONGEST[mode] - time.length) + time
}

/** What the library throws: its classes tell less than the fields they carry. */
function fromError(error: unknown, now: number): Outcome {
  const { code, headers, rateLimit, _options } = error as {
    code?: unknown
    headers?: Answer['headers']
    rateLimit?: { reset?: number }
    _options?: { error?: unknown }
  }
  if (typeof code !== 'number') return unreachable(_options?.error ?? error)
  const outcome = outcomeOf({ status: code, headers: headers ?? {}, body: '' }, now)
  const resetMs = Number(rateLimit?.reset) * 1000 - now
  return code === 429 && outcome.kind === 'retry' && outcome.afterMs === undefined && resetMs > 0
    ? retry(outcome.reason, { afterMs: resetMs })
    : outcome
}

export const x: NotifierKind<Options> = {
  type: 'x',
  schema: {
    required: ['mode', 'consumer_key_file', 'consumer_secret_file', 'access_token_file', 'access_secret_file'],
    properties: {
      mode: { enum: ['dm', 'post'] },
      /** The numeric id of the account that gets the direct messages. */
      recipient: { type: 'string', pattern: '^[0-9]{1,20}$' },
      consumer_key_file: { type: 'string', format: 'path' },
      consumer_secret_file: { type: 'string', format: 'path' },
      access_token_file: { type: 'string', format: 'path' },
      access_secret_file: { type: 'string', format: 'path' },
    },
  },
  example: `
type = "x"
mode = "dm"                             # or "post"
recipient = "1234567890"                # numeric id; only for "dm"
consumer_key_file = "/etc/pam-alert/secrets/x-consumer-key"
consumer_secret_file = "/etc/pam-alert/secrets/x-consumer-secret"
access_token_file = "/etc/pam-alert/secrets/x-access-token"
access_secret_file = "/etc/pam-alert/secrets/x-access-secret"
`,
  create({ mode, recipient = '' }, { secrets, network, now }) {
    if (mode === 'dm' && recipient === '') throw new Error('mode "dm" wants a "recipient"')
    const secret = (name: string) => secrets[name]?.reveal() ?? ''
    return {
      async send(alert, { signal }) {
        const agent = agentFor(network, signal)
        const client = new TwitterApi(
          {
            appKey: secret('consumer_key'),
            appSecret: secret('consumer_secret'),
            accessToken: secret('access_token'),
            accessSecret: secret('access_secret'),
          },
          // Without compression a corrupt body can't end in an uncaught exception of zlib's.
          { httpAgent: agent, compression: false },
        )
        const text = textFor(alert, mode)
        try {
          const answer:
            | {
                dm_event_id?: unknown
                data?: { id?: unknown; dm_event_id?: unknown }
              }
            | string
            | undefined =
            mode === 'dm'
              ? await agent.guard(client.v2.sendDmToParticipant(recipient, { text }))
              : await agent.guard(client.v2.tweet(text))
          const data = typeof answer === 'object' ? answer?.data : undefined
          const id = mode === 'dm' ? data?.dm_event_id : data?.id
          return typeof id === 'string' ? delivered(id) : retry('the answer names nothing that X has made')
        } catch (error) {
          return fromError(error, now())
        }
      },
    }
  },
}

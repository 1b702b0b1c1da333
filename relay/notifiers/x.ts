// X, as direct messages or posts: one request per attempt, believed only where the body says that X has
// made something. A text that one post can't hold goes in parts, an attempt each.
import { createHash } from 'node:crypto'
import type { Alert } from '../model/alert.ts'
import { delivered, type Outcome, partly, retry } from '../model/outcome.ts'
import { defuse } from '../model/text.ts'
import type { NotifierKind } from './notifier.ts'
import { quotasOf, withQuotas } from './quota.ts'
import { isDuplicate, judge, LIMITS, refusalOf } from './x/answer.ts'
import { createClient, type XKeys } from './x/client.ts'
import { partsOf } from './x/text.ts'

export interface XOptions {
  mode: 'dm' | 'post'
  recipient?: string
  long?: 'split' | 'cut'
  facts?: boolean
}

/** What X counts: for posts weighted characters, for messages their documented length. */
const LONGEST = { dm: 10_000, post: 280 } as const

/** Where an answer says that X has made something. */
type Made = { data?: { id?: unknown; dm_event_id?: unknown } } | undefined

/** What pam_unix writes down of a refused password. */
function factsOf({ record }: Alert): string {
  if (record === null) return ''
  const { service, pid, uid, tty, ruser, rhost } = record
  return `; ${service}[${pid}] uid=${uid} tty=${tty ?? ''} ruser=${ruser ?? ''} rhost=${rhost ?? ''}`
}

/** X refuses a text that it has seen; time and name of the message make each of ours another. */
function stampOf(alert: Alert, key: string): string {
  const name = createHash('sha256').update(key).digest('base64url').replace(/[-_]/g, '').slice(0, 5).toLowerCase()
  return ` · ${alert.time.slice(5, 19).replace('T', ' ')}Z ${name}`
}

export const x: NotifierKind<XOptions> = {
  type: 'x',
  schema: {
    required: ['mode', 'consumer_key_file', 'consumer_secret_file', 'access_token_file', 'access_secret_file'],
    properties: {
      mode: { enum: ['dm', 'post'] },
      /** The numeric id of the account that gets the direct messages. */
      recipient: { type: 'string', pattern: '^[0-9]{1,20}$' },
      /** What becomes of a text that is too long for one post. */
      long: { enum: ['split', 'cut'] },
      /** Adds process, uid, tty, ruser and rhost, as pam_unix logs them. */
      facts: { type: 'boolean' },
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
long = "split"                          # into numbered parts; or "cut"
facts = false                           # true adds process, uid, tty, ruser and rhost
consumer_key_file = "/etc/pam-alert/secrets/x-consumer-key"
consumer_secret_file = "/etc/pam-alert/secrets/x-consumer-secret"
access_token_file = "/etc/pam-alert/secrets/x-access-token"
access_secret_file = "/etc/pam-alert/secrets/x-access-secret"
`,
  create({ mode, recipient = '', long = 'split', facts = false }, { secrets, network, now }) {
    if (mode === 'dm' && recipient === '') throw new Error('mode "dm" wants a "recipient"')
    const keys = secrets as unknown as XKeys
    return {
      async send(alert, { key, earlier, part, signal }) {
        const text = defuse(alert.text + (facts ? factsOf(alert) : ''))
        const parts = partsOf(text, stampOf(alert, key), LONGEST[mode], long)
        const taken = (id: string): Outcome => (part + 1 < parts.length ? partly() : delivered(id))
        const { api, guard } = await createClient(keys, network, signal)
        const path = mode === 'dm' ? 'dm_conversations/with/:recipient/messages' : 'tweets'
        try {
          const answer = await guard(
            api.v2.post<Made>(path, { text: parts[part] }, { params: { recipient }, fullResponse: true }),
          )
          const id = mode === 'dm' ? answer.data?.data?.dm_event_id : answer.data?.data?.id
          const outcome = typeof id === 'string' ? taken(id) : retry('the answer names nothing that X has made')
          return withQuotas(outcome, quotasOf(answer.headers, LIMITS, now()))
        } catch (error) {
          const refusal = refusalOf(error, secrets)
          // Nobody else writes our texts: an attempt that we heard nothing of has got through.
          return refusal !== null && isDuplicate(refusal) && earlier > 0
            ? taken('taken before')
            : judge(error, secrets, now())
        }
      },
    }
  },
}

// Pushover (https://pushover.net/api) through pushover-notifications, whose faults are guarded here:
// it throws on unexpected answers, calls an error a success, and builds a body that lacks a line end.
import PQueue from 'p-queue'
import Pushover from 'pushover-notifications'
import { delivered, type Outcome, refused, retry } from '../model/outcome.ts'
import { type Answer, agentFor, outcomeOf, unreachable } from './http.ts'
import type { Dependencies, NotifierKind } from './notifier.ts'
import { createMessages, type Look } from './pushover/message.ts'
import { createReceipts } from './pushover/receipts.ts'
import { quotasOf, withQuotas } from './quota.ts'
import { wordsOf } from './words.ts'

interface Options extends Look {
  user: string
}

/** Of this application, in this month. */
const LIMITS = { 'x-limit-app': 'month' } as const
const RECEIPT = /^[A-Za-z0-9]{30}$/
/** Pushover asks for no more at once from one address, whatever they are for. */
const connections = new PQueue({ concurrency: 2 })

function bodyOf(data: unknown): {
  status?: unknown
  request?: unknown
  receipt?: unknown
  errors?: unknown
} {
  try {
    const body: unknown = JSON.parse(String(data))
    return typeof body === 'object' && body !== null ? body : {}
  } catch {
    return {}
  }
}

/** Pushover blocks addresses that repeat what it refused: a 4xx other than 429 is final for this alert. */
function judge(answer: Answer, secrets: Dependencies['secrets'], now: number): Outcome {
  const { status, request, receipt, errors } = bodyOf(answer.body)
  if (answer.status === 200) {
    if (status !== 1) return retry('the answer does not say that it was taken')
    const name = wordsOf(request, secrets)
    return typeof receipt === 'string' && RECEIPT.test(receipt)
      ? { kind: 'delivered', receipt: name, rings: receipt }
      : delivered(name)
  }
  const outcome = outcomeOf(answer, now)
  const why = wordsOf(Array.isArray(errors) ? errors.join('; ') : '', secrets)
  return outcome.kind === 'refused' && why !== '' ? refused(`${outcome.reason}: ${why}`) : outcome
}

const device = { type: 'string', pattern: '^[A-Za-z0-9_-]{1,25}$' } as const
const priority = { enum: [-2, -1, 0, 1, 2] } as const

export const pushover: NotifierKind<Options> = {
  type: 'pushover',
  schema: {
    required: ['user', 'token_file'],
    properties: {
      /** A user's or a group's key. */
      user: { type: 'string', pattern: '^[A-Za-z0-9]{30}$' },
      token_file: { type: 'string', format: 'path' },
      /** None: all of the user's. */
      device: { ...device, type: ['string', 'array'], items: device, minItems: 1 },
      sound: { type: 'string', pattern: '^[a-z0-9_-]{1,20}$' },
      /** Whatever a route says, an alert's priority lies between these. */
      min_priority: priority,
      max_priority: priority,
      style: { enum: ['html', 'monospace'] },
      url: { type: 'string', format: 'link', maxLength: 512 },
      url_title: { type: 'string', minLength: 1, maxLength: 100 },
      /** After which a message takes itself away. */
      ttl: { type: 'string', format: 'duration' },
      /** How often priority 2 rings, and for how long. */
      retry: { type: 'string', format: 'duration' },
      expire: { type: 'string', format: 'duration' },
    },
  },
  example: `
type = "pushover"
user = "uQiRzpo4DXghDmr9QzzfQu27cmVRsG"   # your user key, or a group's
token_file = "/etc/pam-alert/secrets/pushover-token"
device = ["phone", "watch"]             # without it, all of them
sound = "siren"
max_priority = 1                        # whatever a route says; min_priority likewise
style = "html"                          # or "monospace"
url = "https://wiki.example/logins"     # opens when the message is tapped
url_title = "What to do"
ttl = "7d"                              # then the message takes itself away
retry = "1m"                            # priority 2 rings this often
expire = "1h"                           # and at most so long, until somebody answers
`,
  create({ user, ...look }, { secrets, network, now }) {
    const messageOf = createMessages(look)
    const receipts = createReceipts(network, user, secrets.token?.reveal() ?? '')

    async function post(message: Record<string, string>, signal: AbortSignal): Promise<Answer> {
      const agent = agentFor(network, signal)
      const client = new Pushover({ user, token: secrets.token?.reveal() ?? '', httpOptions: { agent } })
      // Its own check of the answer throws where nobody can catch it; `judge` replaces it.
      client.errors = () => {}
      return agent.guard(
        new Promise<Answer>((resolve, reject) => {
          client.send(message, (error, body, response) => {
            if (error || response === undefined) reject(error)
            else resolve({ status: response.statusCode ?? 0, headers: response.headers, body: String(body) })
          })
        }),
      )
    }

    return {
      async send(alert, { signal }) {
        try {
          const answer = await connections.add(() => post(messageOf(alert), signal), { signal })
          return withQuotas(judge(answer, secrets, now()), quotasOf(answer.headers, LIMITS, now()))
        } catch (error) {
          return unreachable(error)
        }
      },
      rings: {
        ask: (receipt, signal) => connections.add(() => receipts.ask(receipt, signal)),
        cancel: (receipt, signal) => connections.add(() => receipts.cancel(receipt, signal)),
      },
    }
  },
}

// Pushover (https://pushover.net/api) through pushover-notifications, whose faults are guarded here:
// it throws on unexpected answers, calls an error a success, and builds a body that lacks a line end.
import Pushover from 'pushover-notifications'
import type { Alert } from '../model/alert.ts'
import { delivered, type Outcome, refused } from '../model/outcome.ts'
import { defuse, shorten } from '../model/text.ts'
import { type Answer, agentFor, outcomeOf, unreachable } from './http.ts'
import type { NotifierKind } from './notifier.ts'

interface Options {
  user: string
}

const TITLE_MAX = 250
const MESSAGE_MAX = 1024

function bodyOf(data: unknown): {
  status?: unknown
  request?: unknown
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
function judge(answer: Answer, now: number): Outcome {
  const body = bodyOf(answer.body)
  if (answer.status === 200 && body.status === 1) return delivered(String(body.request))
  const outcome = outcomeOf(answer, now)
  const why = Array.isArray(body.errors) ? `: ${body.errors.join('; ')}` : ''
  if (answer.status === 200)
    return {
      kind: 'retry',
      reason: 'the answer does not say that it was taken',
    }
  if (answer.status === 400) return refused(`${outcome.kind === 'refused' ? outcome.reason : ''}${why}`)
  return outcome
}

function message(alert: Alert): Record<string, string> {
  return {
    title: shorten(defuse(alert.title), TITLE_MAX),
    message: shorten(defuse(alert.text), MESSAGE_MAX),
    // Last, and with the line end that the library leaves out before the closing boundary.
    timestamp: `${Math.floor(Date.parse(alert.time) / 1000)}\r\n`,
  }
}

export const pushover: NotifierKind<Options> = {
  type: 'pushover',
  schema: {
    required: ['user', 'token_file'],
    properties: {
      /** A user's or a group's key. */
      user: { type: 'string', pattern: '^[A-Za-z0-9]{30}$' },
      token_file: { type: 'string', format: 'path' },
    },
  },
  example: `
type = "pushover"
user = "uQiRzpo4DXghDmr9QzzfQu27cmVRsG"   # your user key, or a group's
token_file = "/etc/pam-alert/secrets/pushover-token"
`,
  create({ user }, { secrets, network, now }) {
    return {
      async send(alert, { signal }) {
        const agent = agentFor(network, signal)
        const client = new Pushover({ user, token: secrets.token?.reveal() ?? '', httpOptions: { agent } })
        // Its own check of the answer throws where nobody can catch it; `judge` replaces it.
        client.errors = () => {}
        const answer = new Promise<Answer>((resolve, reject) => {
          client.send(message(alert), (error, body, response) => {
            if (error || response === undefined) reject(error)
            else resolve({ status: response.statusCode ?? 0, headers: response.headers, body: String(body) })
          })
        })
        try {
          return judge(await agent.guard(answer), now())
        } catch (error) {
          return unreachable(error)
        }
      },
    }
  },
}

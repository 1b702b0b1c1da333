// Mail through an SMTP server, by nodemailer, which is loaded when it is needed. Never in the clear, except to
// this machine's own server.
import { createHash } from 'node:crypto'
import type { Alert } from '../model/alert.ts'
import { delivered, type Outcome, refused, retry } from '../model/outcome.ts'
import { defuse, shorten } from '../model/text.ts'
import type { Dependencies, NotifierKind } from './notifier.ts'
import { wordsOf } from './words.ts'

interface Options {
  host: string
  port?: number
  tls?: 'starttls' | 'implicit' | 'none'
  user?: string
  from: string
  to: string | string[]
  click?: string
}

const ADDRESS = { type: 'string', format: 'address' } as const
const PORTS = { starttls: 587, implicit: 465, none: 25 } as const
const LOOPBACK = /^(?:127(?:\.\d{1,3}){3}|::1|localhost)$/

const SUBJECT_MAX = 200
const TEXT_MAX = 8192
const ANSWER_MAX_BYTES = 65_536

/** The message that a group's mails all answer, and that nobody ever sends: it makes them one thread. */
const threadOf = (group: string, domain: string) =>
  `<${createHash('sha256').update(group).digest('hex').slice(0, 32)}@${domain}>`

function mail(alert: Alert, key: string, { from, to, click }: Options) {
  const domain = from.slice(from.indexOf('@') + 1)
  const thread = alert.group === null ? {} : { inReplyTo: threadOf(alert.group, domain) }
  const importance = alert.priority > 0 ? 'high' : alert.priority < 0 ? 'low' : 'normal'
  return {
    from,
    to,
    ...thread,
    ...(thread.inReplyTo && { references: thread.inReplyTo }),
    // The same at every attempt: who gets a mail twice sees it once.
    messageId: `<${key}@${domain}>`,
    date: new Date(alert.time),
    subject: shorten(defuse(alert.title), SUBJECT_MAX),
    text: [shorten(defuse(alert.text), TEXT_MAX), '', alert.time, ...(click === undefined ? [] : [click])].join('\n'),
    priority: importance,
    // RFC 3834: nobody's holiday answers to it.
    headers: { 'auto-submitted': 'auto-generated' },
  } as const
}

/** A refusal is the alert's only if it comes for what it says; what comes before is the operator's to mend. */
function judge(error: unknown, secrets: Dependencies['secrets']): Outcome {
  const {
    code,
    responseCode = 0,
    command,
    message,
  } = error as {
    code?: string
    responseCode?: number
    command?: string
    message?: string
  }
  const reason = wordsOf(message, secrets)
  if (responseCode >= 500 && command === 'DATA') return refused(reason)
  if (responseCode >= 500 || (code === 'EAUTH' && responseCode === 0)) return retry(reason, { pause: true })
  return retry(reason)
}

export const email: NotifierKind<Options> = {
  type: 'email',
  schema: {
    required: ['host', 'from', 'to'],
    properties: {
      host: { type: 'string', minLength: 1 },
      port: { type: 'integer', minimum: 1, maximum: 65535 },
      tls: { enum: ['starttls', 'implicit', 'none'] },
      user: { type: 'string', minLength: 1 },
      password_file: { type: 'string', format: 'path' },
      from: ADDRESS,
      to: { ...ADDRESS, type: ['string', 'array'], items: ADDRESS, minItems: 1 },
      click: { type: 'string', format: 'link' },
    },
  },
  example: `
type = "email"
host = "smtp.example"
port = 587                              # the default; 465 for "implicit", 25 for "none"
tls = "starttls"                        # or "implicit"; "none" only to this machine
user = "alerts@example.org"
password_file = "/etc/pam-alert/secrets/smtp-password"
from = "alerts@example.org"
to = ["ops@example.org"]
click = "https://wiki.example/logins"   # stands below the text
`,
  create(options, { secrets, network }) {
    const { host, tls = 'starttls', port = PORTS[tls], user } = options
    const password = secrets.password?.reveal()
    if (tls === 'none' && !LOOPBACK.test(host)) throw new Error('tls = "none" is only for a server on this machine')
    if ((user === undefined) !== (password === undefined)) throw new Error('"user" and "password_file" go together')
    const settings = {
      host,
      port,
      secure: tls === 'implicit',
      requireTLS: tls === 'starttls',
      ignoreTLS: tls === 'none',
      ...(user !== undefined && password !== undefined && { auth: { user, pass: password }, forceAuth: true }),
      // The attempt's own deadline ends it; nothing of a connection outlives that.
      socketCloseTimeout: 0,
      maxResponseSize: ANSWER_MAX_BYTES,
      disableFileAccess: true,
      disableUrlAccess: true,
    } as const
    const connect = async () => {
      const { createTransport } = await import('nodemailer')
      return createTransport({ ...settings, tls: { secureContext: network.trust() } })
    }
    return {
      async send(alert, { key, signal }) {
        try {
          const { response, rejected } = await (await connect()).sendMail({ ...mail(alert, key, options), signal })
          const not = rejected.length === 0 ? '' : `, but not for ${rejected.join(', ')}`
          return delivered(`${wordsOf(response, secrets)}${not}`)
        } catch (error) {
          return judge(error, secrets)
        }
      },
    }
  },
}

// A real SMTP server (smtp-server) on 127.0.0.1, with STARTTLS and accounts, that keeps what it takes.
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import type { Certificate } from './certs.ts'
import { onEnd, type Scope } from './temp.ts'

export const SMTP_ACCOUNT = { user: 'alerts@example.org', password: 'k9-Vx+Qw_7!zz' } as const

export interface Mail {
  from: string
  to: string[]
  secure: boolean
  /** Who sent it; undefined: nobody in particular. */
  user: string | undefined
  /** By lower-case name, unfolded. */
  headers: Map<string, string>
  body: string
}

function parse(raw: string): Pick<Mail, 'headers' | 'body'> {
  const end = raw.indexOf('\r\n\r\n')
  const fields = raw
    .slice(0, end)
    .replaceAll(/\r\n[ \t]/g, ' ')
    .split('\r\n')
  const headers = new Map<string, string>()
  for (const line of fields) {
    const [, name = '', value = ''] = /^([!-9;-~]+): ?(.*)$/.exec(line) ?? []
    if (name === '' || headers.has(name.toLowerCase())) throw new Error(`malformed or twice: ${JSON.stringify(line)}`)
    headers.set(name.toLowerCase(), value)
  }
  return { headers, body: raw.slice(end + 4) }
}

export interface Smtp {
  port: number
  mails: Mail[]
}

/** An error that the server answers with this status. */
export const smtpError = (responseCode: number, message: string) => Object.assign(new Error(message), { responseCode })

export async function createSmtp(t: Scope, certificate: Certificate, options: SMTPServerOptions = {}): Promise<Smtp> {
  const mails: Mail[] = []
  const server = new SMTPServer({
    ...certificate,
    authOptional: true,
    closeTimeout: 1,
    onAuth({ username, password }, _, callback) {
      if (username === SMTP_ACCOUNT.user && password === SMTP_ACCOUNT.password) callback(null, { user: username })
      else callback(smtpError(535, `5.7.8 authentication failed: ${username} ${password}`))
    },
    onData(stream, { envelope, secure, user }, callback) {
      text(stream).then((raw) => {
        const from = envelope.mailFrom === false ? '' : envelope.mailFrom.address
        mails.push({ from, to: envelope.rcptTo.map(({ address }) => address), secure, user, ...parse(raw) })
        callback(null, `queued as ${mails.length}`)
      }, callback)
    },
    ...options,
  })
  // What a client does wrong is told to the client.
  server.on('error', () => {})
  server.listen(0, '127.0.0.1')
  await once(server.server, 'listening')
  onEnd(t, () => new Promise<void>((done) => server.close(done)))
  return { port: (server.server.address() as AddressInfo).port, mails }
}

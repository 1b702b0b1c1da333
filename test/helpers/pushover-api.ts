// Pushover's message API as https://pushover.net/api has it, with a multipart reader that is strict
// about every byte (RFC 2046 section 5.1.1, RFC 7578). Written apart from our code.
import type { ServerResponse } from 'node:http'
import type { Received } from './receiver.ts'

export const PUSHOVER_TOKEN = 'azGDORePK8gMaC0QOYAMyEEuzJnyUi'
export const PUSHOVER_USER = 'uQiRzpo4DXghDmr9QzzfQu27cmVRsG'

/** @throws Error naming what is malformed */
export function readMultipart(contentType: string | undefined, body: Buffer): Map<string, string> {
  const boundary = /^multipart\/form-data; boundary=("?)([^";]{1,70})\1$/.exec(contentType ?? '')?.[2]
  if (boundary === undefined) throw new Error(`content type: ${contentType}`)
  const text = body.toString('latin1')
  const opening = `--${boundary}\r\n`
  const closing = `\r\n--${boundary}--`
  if (!text.startsWith(opening)) throw new Error('does not start with its boundary')
  const end = text.indexOf(closing)
  if (end < 0) throw new Error('no closing boundary on a line of its own')
  if (!['', '\r\n'].includes(text.slice(end + closing.length))) throw new Error('something behind the closing boundary')
  const fields = new Map<string, string>()
  for (const part of text.slice(opening.length, end).split(`\r\n${opening}`)) {
    const found = /^Content-Disposition: form-data; name="([^"\r\n]+)"\r\n\r\n(.*)$/s.exec(part)
    if (!found) throw new Error(`malformed part: ${JSON.stringify(part)}`)
    fields.set(found[1] ?? '', Buffer.from(found[2] ?? '', 'latin1').toString('utf8'))
  }
  return fields
}

const LONGEST: Record<string, number> = { message: 1024, title: 250, url: 512, url_title: 100 }

function faults(fields: Map<string, string>): string[] {
  const found: string[] = []
  if (fields.get('token') !== PUSHOVER_TOKEN) found.push('application token is invalid')
  if (fields.get('user') !== PUSHOVER_USER) found.push('user identifier is invalid')
  if (!fields.get('message')) found.push('message cannot be blank')
  for (const [name, max] of Object.entries(LONGEST))
    if ([...(fields.get(name) ?? '')].length > max) found.push(`${name} is too long`)
  const timestamp = fields.get('timestamp')
  if (timestamp !== undefined && !/^\d+$/.test(timestamp.trim())) found.push('timestamp is invalid')
  return found
}

export interface PushoverApi {
  messages: Map<string, string>[]
  respond(request: Received, response: ServerResponse): void
}

export function createPushoverApi(): PushoverApi {
  const messages: Map<string, string>[] = []
  return {
    messages,
    respond(request, response) {
      const answer = (status: number, body: unknown) =>
        response
          .writeHead(status, {
            'content-type': 'application/json; charset=utf-8',
            'x-limit-app-limit': '10000',
            'x-limit-app-remaining': String(10_000 - messages.length),
            'x-limit-app-reset': '1796083200',
          })
          .end(JSON.stringify(body))
      if (request.method !== 'POST' || request.path !== '/1/messages.json') return answer(404, { status: 0 })
      try {
        const fields = readMultipart(request.headers['content-type'], request.body)
        const errors = faults(fields)
        if (errors.length > 0) return answer(400, { status: 0, errors, request: 'c2f0' })
        messages.push(fields)
        return answer(200, { status: 1, request: `request-${messages.length}` })
      } catch (error) {
        return answer(400, { status: 0, errors: [(error as Error).message], request: 'c2f0' })
      }
    },
  }
}

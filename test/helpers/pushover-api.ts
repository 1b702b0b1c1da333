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
const KNOWN = new Set(
  'token user message title url url_title device sound priority html monospace ttl retry expire timestamp'.split(' '),
)
const SOUNDS = new Set(
  `pushover bike bugle cashregister classical cosmic falling gamelan incoming intermission magic mechanical pianobar
   siren spacealarm tugboat alien climb persistent echo updown vibrate none`.split(/\s+/),
)

function faults(fields: Map<string, string>): string[] {
  const found: string[] = []
  const between = (name: string, min: number, max: number) => {
    const value = fields.get(name)
    return value !== undefined && /^-?\d+$/.test(value) && Number(value) >= min && Number(value) <= max
  }
  for (const name of fields.keys()) if (!KNOWN.has(name)) found.push(`${name} is unknown`)
  if (fields.get('token') !== PUSHOVER_TOKEN) found.push('application token is invalid')
  if (fields.get('user') !== PUSHOVER_USER) found.push('user identifier is invalid')
  if (!fields.get('message')) found.push('message cannot be blank')
  for (const [name, max] of Object.entries(LONGEST))
    if ([...(fields.get(name) ?? '')].length > max) found.push(`${name} is too long`)
  for (const device of fields.get('device')?.split(',') ?? [])
    if (!/^[A-Za-z0-9_-]{1,25}$/.test(device)) found.push('device name is not valid')
  if (fields.has('sound') && !SOUNDS.has(fields.get('sound') ?? '')) found.push('sound is invalid')
  if (fields.has('url_title') && !fields.has('url')) found.push('url_title without url')
  if (fields.has('html') && fields.has('monospace')) found.push('html and monospace cannot both be set')
  if (fields.has('priority') && !between('priority', -2, 2)) found.push('priority is invalid')
  if (fields.has('ttl') && !between('ttl', 1, 31_536_000)) found.push('ttl is invalid')
  if (fields.get('priority') === '2') {
    if (!between('retry', 30, 10_800)) found.push('retry must be supplied with priority 2 and at least 30')
    if (!between('expire', 1, 10_800)) found.push('expire must be supplied with priority 2 and at most 10800')
  }
  const timestamp = fields.get('timestamp')
  if (timestamp !== undefined && !/^\d+$/.test(timestamp)) found.push('timestamp is invalid')
  return found
}

/** https://pushover.net/api/receipts */
export interface Emergency {
  acknowledgedAt: number
  by: string
  device: string
  expired: boolean
}

export interface PushoverApi {
  messages: Map<string, string>[]
  /** By receipt. */
  emergencies: Map<string, Emergency>
  cancelled: string[]
  /** Messages that the application may send this month. */
  remaining: number
  respond(request: Received, response: ServerResponse): void
}

export function createPushoverApi(): PushoverApi {
  function respond(request: Received, response: ServerResponse) {
    const answer = (status: number, body: object, headers: Record<string, string> = {}) =>
      response
        .writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers })
        .end(JSON.stringify({ ...body, request: `request-${api.messages.length}` }))
    const [path = '', query = ''] = request.path.split('?')
    const receipt = /^\/1\/receipts\/([A-Za-z0-9]{30})(\/cancel)?\.json$/.exec(path)
    if (receipt) return answerOf(request, receipt[1] ?? '', receipt[2] !== undefined, query)
    if (request.method !== 'POST' || path !== '/1/messages.json') return answer(404, { status: 0 })
    let fields: Map<string, string>
    try {
      fields = readMultipart(request.headers['content-type'], request.body)
    } catch (error) {
      return answer(400, { status: 0, errors: [(error as Error).message] })
    }
    const errors = faults(fields)
    if (errors.length > 0) return answer(400, { status: 0, errors })
    const limits = () => ({
      'x-limit-app-limit': '10000',
      'x-limit-app-remaining': String(api.remaining),
      'x-limit-app-reset': String(Math.floor(Date.now() / 1000) + 864_000),
    })
    if (api.remaining === 0)
      return answer(429, { status: 0, errors: ['application is over its monthly limit'] }, limits())
    api.remaining -= 1
    api.messages.push(fields)
    if (fields.get('priority') !== '2') return answer(200, { status: 1 }, limits())
    const name = `r${String(api.messages.length).padStart(29, '0')}`
    api.emergencies.set(name, { acknowledgedAt: 0, by: '', device: '', expired: false })
    return answer(200, { status: 1, receipt: name }, limits())

    function answerOf({ method, body }: Received, name: string, cancel: boolean, query: string) {
      const token = new URLSearchParams(cancel ? body.toString() : query).get('token')
      const emergency = api.emergencies.get(name)
      if (method !== (cancel ? 'POST' : 'GET')) return answer(405, { status: 0 })
      if (token !== PUSHOVER_TOKEN) return answer(400, { status: 0, errors: ['application token is invalid'] })
      if (emergency === undefined) return answer(400, { status: 0, errors: ['receipt not found'] })
      if (cancel) {
        api.cancelled.push(name)
        emergency.expired = true
        return answer(200, { status: 1 })
      }
      const { acknowledgedAt, by, device, expired } = emergency
      return answer(200, {
        status: 1,
        acknowledged: acknowledgedAt > 0 ? 1 : 0,
        acknowledged_at: acknowledgedAt,
        acknowledged_by: by,
        acknowledged_by_device: device,
        last_delivered_at: 1796083200,
        expired: expired ? 1 : 0,
        expires_at: 1796083200,
        called_back: 0,
        called_back_at: 0,
      })
    }
  }
  const api: PushoverApi = { messages: [], emergencies: new Map(), cancelled: [], remaining: 10_000, respond }
  return api
}

// X's API as its documentation has it, for the calls that pam-alert makes. Written apart from our
// code, from https://docs.x.com/resources/fundamentals/authentication/oauth-1-0a/creating-a-signature,
// https://docs.x.com/resources/fundamentals/authentication/oauth-1-0a/pin-based-oauth and https://docs.x.com/x-api.
import { createHmac } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import type { Received } from './receiver.ts'

export const X_KEYS = {
  consumer_key: 'xvz1evFS4wEEPTGEFPHBog',
  consumer_secret: 'kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw',
  access_token: '370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb',
  access_secret: 'LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE',
} as const
const REQUEST_TOKEN = {
  token: 'Z6eEdO8MOmk394WozF5oKyuAv855l4Mlqo7hhlSLik',
  secret: 'Kd75W4OQfb2oJTV0vzGzeXftVAwgMnEK9MumzYcM',
}
/** What X shows to whoever allows it. */
export const X_PIN = '7364821'

const percent = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)

/** The signature that the request should carry. */
function signatureOf(method: string, url: string, parameters: [string, string][], tokenSecret: string): string {
  const encoded = parameters.map(([name, value]) => `${percent(name)}=${percent(value)}`).sort()
  const base = [method, percent(url), percent(encoded.join('&'))].join('&')
  const key = `${percent(X_KEYS.consumer_secret)}&${percent(tokenSecret)}`
  return createHmac('sha1', key).update(base).digest('base64')
}

/** 280 weighted characters: outside these ranges a character counts twice (twitter-text, config v3). */
export function weightOf(text: string): number {
  const light = (c: number) =>
    c <= 0x10ff || (c >= 0x2000 && c <= 0x200d) || (c >= 0x2010 && c <= 0x201f) || (c >= 0x2032 && c <= 0x2037)
  return [...text.normalize('NFC')].reduce((sum, char) => sum + (light(char.codePointAt(0) ?? 0) ? 1 : 2), 0)
}

export interface XApi {
  posts: string[]
  messages: { to: string; text: string }[]
  /** Milliseconds by which X's clock is ahead of this machine's. */
  ahead: number
  /** The account has taken the permission back. */
  revoked: boolean
  /** Requests to post or to write that are let through in this window. */
  remaining: number
  /** true: what is asked for is done, and the answer gets lost. */
  silent: boolean
  respond(request: Received, response: ServerResponse): void
}

export function createXApi(): XApi {
  const nonces = new Set<string>()
  const now = () => Date.now() + api.ahead

  /** @returns the token it was signed for, or what is wrong */
  function signedFor({ method, path, headers, body }: Received): { token: string } | { code: number; message: string } {
    const header = headers.authorization ?? ''
    if (!header.startsWith('OAuth ')) return { code: 215, message: 'Bad Authentication data.' }
    const fields = new Map(
      [...header.slice(6).matchAll(/(\w+)="([^"]*)"/g)].map(([, name = '', value = '']) => [
        name,
        decodeURIComponent(value),
      ]),
    )
    const signature = fields.get('oauth_signature')
    fields.delete('oauth_signature')
    const [resource = '', query = ''] = path.split('?')
    const form = headers['content-type']?.startsWith('application/x-www-form-urlencoded') ? body.toString() : ''
    const token = fields.get('oauth_token') ?? new URLSearchParams(form).get('oauth_token') ?? ''
    const secrets = new Map([
      ['', ''],
      [REQUEST_TOKEN.token, REQUEST_TOKEN.secret],
      ...(api.revoked ? [] : [[X_KEYS.access_token, X_KEYS.access_secret] as const]),
    ])
    const secret = secrets.get(token)
    const nonce = fields.get('oauth_nonce') ?? ''
    if (fields.get('oauth_version') !== '1.0' || fields.get('oauth_signature_method') !== 'HMAC-SHA1')
      return { code: 215, message: 'Bad Authentication data.' }
    if (Math.abs(Number(fields.get('oauth_timestamp')) - now() / 1000) > 300)
      return { code: 135, message: 'Timestamp out of bounds.' }
    if (fields.get('oauth_consumer_key') !== X_KEYS.consumer_key || nonce === '' || nonces.has(nonce))
      return { code: 32, message: 'Could not authenticate you.' }
    if (secret === undefined) return { code: 89, message: 'Invalid or expired token.' }
    nonces.add(nonce)
    // oauth_token may stand in the header and in the form; X counts what is there twice once.
    const parameters = new Map([...fields, ...new URLSearchParams(query), ...new URLSearchParams(form)])
    const expected = signatureOf(method, `https://api.x.com${resource}`, [...parameters], secret)
    return signature === expected ? { token } : { code: 32, message: 'Could not authenticate you.' }
  }

  function respond(request: Received, response: ServerResponse) {
    const limits = {
      'x-rate-limit-limit': '100',
      'x-rate-limit-remaining': String(Math.max(0, api.remaining)),
      'x-rate-limit-reset': String(Math.floor(now() / 1000) + 600),
    }
    const answer = (status: number, body: unknown, type = 'application/json; charset=utf-8') => {
      if (api.silent) return response.socket?.destroy()
      return response
        .writeHead(status, { 'content-type': type, date: new Date(now()).toUTCString(), ...limits })
        .end(type.startsWith('application/json') ? JSON.stringify(body) : String(body))
    }
    const problem = (status: number, title: string, detail: string) =>
      answer(status, { title, detail, type: 'about:blank', status })

    const signed = signedFor(request)
    const oauth = request.path.startsWith('/oauth/')
    if ('code' in signed)
      return oauth ? answer(401, { errors: [signed] }) : problem(401, 'Unauthorized', 'Unauthorized')
    const form = new URLSearchParams(request.body.toString())
    if (request.path === '/oauth/request_token')
      return form.get('oauth_callback') === 'oob'
        ? answer(
            200,
            `oauth_token=${REQUEST_TOKEN.token}&oauth_token_secret=${REQUEST_TOKEN.secret}&oauth_callback_confirmed=true`,
            'text/html;charset=utf-8',
          )
        : answer(403, { errors: [{ code: 415, message: 'Callback URL not approved for this client application.' }] })
    if (request.path === '/oauth/access_token')
      return signed.token === REQUEST_TOKEN.token && form.get('oauth_verifier') === X_PIN
        ? answer(
            200,
            `oauth_token=${X_KEYS.access_token}&oauth_token_secret=${X_KEYS.access_secret}&user_id=370773112&screen_name=web1alerts`,
            'text/html;charset=utf-8',
          )
        : answer(401, 'Error processing your OAuth request: Invalid oauth_verifier parameter', 'text/plain')
    if (signed.token !== X_KEYS.access_token) return problem(401, 'Unauthorized', 'Unauthorized')
    if (request.method === 'GET' && request.path === '/2/users/me')
      return answer(200, { data: { id: '370773112', name: 'web-1', username: 'web1alerts' } })

    if (request.method === 'GET' && request.path === '/2/users/by/username/oncall')
      return answer(200, { data: { id: '2244994945', name: 'On call', username: 'oncall' } })
    if (request.method === 'GET' && request.path.startsWith('/2/users/by/username/'))
      return answer(200, {
        errors: [{ title: 'Not Found Error', detail: 'Could not find user', parameter: 'username' }],
      })

    if (request.headers['content-type']?.includes('application/json') !== true)
      return problem(400, 'Invalid Request', 'not JSON')
    if (api.remaining-- <= 0) return problem(429, 'Too Many Requests', 'Too Many Requests')
    limits['x-rate-limit-remaining'] = String(api.remaining)
    const { text } = JSON.parse(request.body.toString()) as { text?: unknown }
    if (typeof text !== 'string' || text === '') return problem(400, 'Invalid Request', 'no text')
    const to = /^\/2\/dm_conversations\/with\/(\d{1,19})\/messages$/.exec(request.path)?.[1]
    if (to !== undefined) {
      if (text.length > 10_000) return problem(400, 'Invalid Request', 'text too long')
      api.messages.push({ to, text })
      return answer(201, { data: { dm_conversation_id: `${to}-370773112`, dm_event_id: String(api.messages.length) } })
    }
    if (request.path !== '/2/tweets') return problem(404, 'Not Found', request.path)
    if (weightOf(text) > 280) return problem(400, 'Invalid Request', 'text too long')
    if (api.posts.includes(text))
      return problem(403, 'Forbidden', 'You are not allowed to create a Tweet with duplicate content.')
    api.posts.push(text)
    return answer(201, { data: { id: String(api.posts.length), text } })
  }

  const api: XApi = { posts: [], messages: [], ahead: 0, revoked: false, remaining: 100, silent: false, respond }
  return api
}

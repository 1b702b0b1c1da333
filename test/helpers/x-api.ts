// X's API as its documentation has it, for the calls that pam-alert makes. Written apart from our
// code, from https://docs.x.com/resources/fundamentals/authentication/oauth-1-0a/creating-a-signature
// and https://docs.x.com/x-api.
import { createHmac } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import type { Received } from './receiver.ts'

export const X_KEYS = {
  consumer_key: 'xvz1evFS4wEEPTGEFPHBog',
  consumer_secret: 'kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw',
  access_token: '370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb',
  access_secret: 'LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE',
} as const

const percent = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)

/** The signature that the request should carry. */
function signatureOf(method: string, url: string, parameters: [string, string][]): string {
  const encoded = parameters.map(([name, value]) => `${percent(name)}=${percent(value)}`).sort()
  const base = [method, percent(url), percent(encoded.join('&'))].join('&')
  const key = `${percent(X_KEYS.consumer_secret)}&${percent(X_KEYS.access_secret)}`
  return createHmac('sha1', key).update(base).digest('base64')
}

function authorized({ method, path, headers }: Received): string | null {
  const header = headers.authorization ?? ''
  if (!header.startsWith('OAuth ')) return 'no OAuth header'
  const fields = new Map(
    [...header.slice(6).matchAll(/(\w+)="([^"]*)"/g)].map(([, name = '', value = '']) => [
      name,
      decodeURIComponent(value),
    ]),
  )
  const signature = fields.get('oauth_signature')
  fields.delete('oauth_signature')
  const [resource = '', query = ''] = path.split('?')
  const expected = signatureOf(method, `https://api.x.com${resource}`, [...fields, ...new URLSearchParams(query)])
  if (fields.get('oauth_consumer_key') !== X_KEYS.consumer_key) return 'unknown consumer key'
  if (fields.get('oauth_token') !== X_KEYS.access_token) return 'unknown token'
  if (Math.abs(Number(fields.get('oauth_timestamp')) - Date.now() / 1000) > 300) return 'timestamp out of bounds'
  return signature === expected ? null : 'wrong signature'
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
  respond(request: Received, response: ServerResponse): void
}

export function createXApi(): XApi {
  const posts: string[] = []
  const messages: { to: string; text: string }[] = []
  return {
    posts,
    messages,
    respond(request, response) {
      const answer = (status: number, body: unknown) =>
        response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(body))
      const problem = (status: number, title: string, detail: string) =>
        answer(status, { title, detail, type: 'about:blank', status })
      const why = authorized(request)
      if (why !== null) return problem(401, 'Unauthorized', why)
      if (request.headers['content-type']?.includes('application/json') !== true)
        return problem(400, 'Invalid Request', 'not JSON')
      const { text } = JSON.parse(request.body.toString()) as { text?: unknown }
      if (typeof text !== 'string' || text === '') return problem(400, 'Invalid Request', 'no text')
      const to = /^\/2\/dm_conversations\/with\/(\d{1,19})\/messages$/.exec(request.path)?.[1]
      if (to !== undefined) {
        if (text.length > 10_000) return problem(400, 'Invalid Request', 'text too long')
        messages.push({ to, text })
        return answer(201, { data: { dm_conversation_id: `${to}-370773112`, dm_event_id: String(messages.length) } })
      }
      if (request.path !== '/2/tweets') return problem(404, 'Not Found', request.path)
      if (weightOf(text) > 280) return problem(400, 'Invalid Request', 'text too long')
      if (posts.includes(text))
        return problem(403, 'Forbidden', 'You are not allowed to create a Tweet with duplicate content.')
      posts.push(text)
      return answer(201, { data: { id: String(posts.length), text } })
    },
  }
}

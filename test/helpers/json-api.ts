// A fake of a service that takes JSON: each says itself what it checks.
import type { ServerResponse } from 'node:http'
import type { Received } from './receiver.ts'

/** What a service answers; a text is sent as it is. */
export interface Reply {
  status: number
  body: object | string
  headers?: Record<string, string>
}

export interface JsonApi {
  /** The bodies that were taken, in order. */
  taken: Record<string, unknown>[]
  respond(request: Received, response: ServerResponse): void
}

/**
 * @param refuses null: nothing is wrong with it
 * @param takes the answer to the `n`th that was taken
 */
export function createJsonApi(
  refuses: (request: Received, body: Record<string, unknown>) => Reply | null,
  takes: (body: Record<string, unknown>, n: number) => Reply,
): JsonApi {
  const taken: Record<string, unknown>[] = []
  return {
    taken,
    respond(request, response) {
      const json = request.headers['content-type'] === 'application/json'
      const parsed: Record<string, unknown> = json ? JSON.parse(request.body.toString()) : {}
      const refused = refuses(request, parsed)
      if (refused === null) taken.push(parsed)
      const { status, body, headers } = refused ?? takes(parsed, taken.length)
      const text = typeof body === 'string' ? body : JSON.stringify(body)
      const type = typeof body === 'string' ? 'text/html' : 'application/json'
      response.writeHead(status, { 'content-type': type, ...headers }).end(text)
    },
  }
}

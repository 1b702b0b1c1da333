// Asks the running relay over its socket. One request, one answer, one deadline.
import { request } from 'node:http'
import { PamAlertError } from '../model/errors.ts'

const ANSWER_WITHIN_MS = 70_000

export interface Reply {
  status: number
  body: unknown
}

/** @throws {PamAlertError} relay_unreachable, not_root */
export function ask(socketPath: string, method: string, path: string, body?: unknown): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const text = body === undefined ? undefined : JSON.stringify(body)
    const req = request({
      socketPath,
      method,
      path,
      headers: text === undefined ? {} : { 'content-type': 'application/json' },
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    })
    req.on('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'EACCES'
          ? new PamAlertError('not_root')
          : new PamAlertError('relay_unreachable', `${socketPath}: ${error.message}`),
      ),
    )
    req.on('response', (response) => {
      let answer = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        answer += chunk
      })
      response.on('error', reject)
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: JSON.parse(answer) }))
    })
    req.end(text)
  })
}

async function expect200<T>(reply: Promise<Reply>): Promise<T> {
  const { status, body } = await reply
  if (status !== 200) throw new PamAlertError('relay_refused', String((body as { message?: string }).message))
  return body as T
}

/** @throws {PamAlertError} relay_refused with what the relay says */
export const get = <T>(socketPath: string, path: string): Promise<T> => expect200(ask(socketPath, 'GET', path))

/** @throws {PamAlertError} relay_refused with what the relay says */
export const post = <T>(socketPath: string, path: string, body: unknown): Promise<T> =>
  expect200(ask(socketPath, 'POST', path, body))

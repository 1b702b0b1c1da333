// One HTTP(S) request under one deadline, and what its answer means. Redirects are never followed,
// and an answer is never read beyond 64 KiB.
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls'
import { delivered, refused, retry, type Settled } from '../model/outcome.ts'

const ANSWER_MAX_BYTES = 65_536
/** Libraries keep all that comes; whatever comes through a socket beyond this is cut off. */
const SOCKET_MAX_BYTES = 1_048_576
const GUARD_EVERY_MS = 20

export interface Network {
  /** http://HOST:PORT of a CONNECT proxy, for every https:// address. */
  readonly proxy: string | null
  /** What TLS trusts. */
  trust(): SecureContext
}

/**
 * @param extraCa PEM certificates trusted beside the distribution's and Node's own; with the
 *   latter a machine without ca-certificates reaches the world, too
 */
export function createNetwork(proxy: string | null, extraCa: string | null): Network {
  let context: SecureContext | undefined
  return {
    proxy,
    trust() {
      const known = () => new Set([...getCACertificates('system'), ...getCACertificates('bundled')])
      context ??= createSecureContext({
        ca: [...known(), ...(extraCa === null ? [] : [extraCa])],
      })
      return context
    },
  }
}

export interface Request {
  method: string
  url: string
  headers?: Record<string, string>
  body?: string
}

export interface Answer {
  status: number
  headers: IncomingMessage['headers']
  body: string
}

/**
 * For one attempt: its sockets, those to a proxy and those still connecting too, are destroyed
 * when the signal aborts or too much comes. Libraries that take no signal and know no limit are
 * held to both by this alone.
 */
class DeadlineAgent extends HttpsAgent {
  readonly #signal: AbortSignal
  readonly #closed = Promise.withResolvers<void>()

  constructor(network: Network, signal: AbortSignal) {
    super({
      keepAlive: false,
      secureContext: network.trust(),
      ...(network.proxy === null ? {} : { proxyEnv: { HTTPS_PROXY: network.proxy } }),
    })
    this.#signal = signal
  }

  override createConnection(...args: Parameters<HttpsAgent['createConnection']>): Duplex | null | undefined {
    this.#signal.throwIfAborted()
    const socket = super.createConnection(...args)
    if (!(socket instanceof Socket)) return socket
    const end = () => socket.destroy(new Error('the attempt ran out of time'))
    const guard = setInterval(() => {
      if (socket.bytesRead > SOCKET_MAX_BYTES) socket.destroy(new Error('the answer has no end'))
    }, GUARD_EVERY_MS)
    this.#signal.addEventListener('abort', end, { once: true })
    socket.once('close', () => {
      clearInterval(guard)
      this.#closed.resolve()
      this.#signal.removeEventListener('abort', end)
    })
    return socket
  }

  /**
   * For libraries that leave their caller waiting when an answer is cut, or when they stumble over it.
   * @throws Error if the connection closes and `work` has not settled
   */
  async guard<T>(work: Promise<T>): Promise<T> {
    const cut = this.#closed.promise.then(async () => {
      // What the last bytes make the library do comes first.
      await setImmediate()
      throw new Error('the connection closed before the answer was understood')
    })
    return Promise.race([work, cut])
  }
}

/** An agent for one attempt. */
export function agentFor(network: Network, signal: AbortSignal): DeadlineAgent {
  return new DeadlineAgent(network, signal)
}

/**
 * @throws what the socket, TLS or the deadline threw; see `unreachable`
 */
export function send(network: Network, signal: AbortSignal, what: Request): Promise<Answer> {
  const url = new URL(what.url)
  const plain = url.protocol === 'http:'
  const body = what.body === undefined ? undefined : Buffer.from(what.body)
  const options = {
    method: what.method,
    signal,
    headers: {
      'user-agent': 'pam-alert',
      ...what.headers,
      ...(body && { 'content-length': body.length }),
    },
  }
  return new Promise((resolve, reject) => {
    const request = plain
      ? httpRequest(url, {
          ...options,
          agent: new HttpAgent({ keepAlive: false }),
        })
      : httpsRequest(url, { ...options, agent: agentFor(network, signal) })
    request.on('error', reject)
    request.on('response', (response) => {
      let size = 0
      const chunks: Buffer[] = []
      const finish = () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString(),
        })
      response.on('error', reject)
      response.on('data', (chunk: Buffer) => {
        size += chunk.length
        chunks.push(chunk)
        if (size > ANSWER_MAX_BYTES) {
          finish()
          request.destroy()
        }
      })
      response.on('end', finish)
    })
    request.end(body)
  })
}

/** A request that got no answer at all is tried again. */
export function unreachable(error: unknown): Settled {
  const { code, message } = error as { code?: string; message?: string }
  return retry(`unreachable: ${code === undefined || message?.includes(code) ? '' : `${code} `}${message ?? error}`)
}

/** Retry-After, RFC 9110 section 10.2.3: seconds or a date. In milliseconds from now; undefined if it says nothing. */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined
  const ms = /^\s*\d+\s*$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now
  return Number.isFinite(ms) ? Math.max(0, Math.round(ms)) : undefined
}

/** The statuses that speak of the alert; all others speak of the endpoint, which an operator can mend. */
const ALERT_REFUSED = new Set([400, 413, 414, 415, 422, 431, 451])

/** What a status means where the service has no rules of its own. */
export function outcomeOf(answer: Answer, now: number): Settled {
  const { status } = answer
  const reason = `HTTP ${status}`
  const afterMs = retryAfterMs(answer.headers['retry-after'], now)
  const when = afterMs === undefined ? {} : { afterMs }
  if (status >= 200 && status < 300)
    return answer.headers['content-type']?.includes('text/html')
      ? retry(`${reason}, but with a web page: this is not the service`, when)
      : delivered()
  if (status === 408 || status === 425 || status === 429 || status >= 500) return retry(reason, when)
  if (ALERT_REFUSED.has(status)) return refused(reason)
  if (status >= 300 && status < 400)
    return retry(`${reason}: redirects are not followed`, {
      ...when,
      pause: true,
    })
  return retry(reason, { ...when, pause: true })
}

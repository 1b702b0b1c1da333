// fastify on the Unix socket: ours, or the one that systemd hands over. Whoever may connect is root.
import { chmodSync, lstatSync, mkdirSync, unlinkSync } from 'node:fs'
import { connect } from 'node:net'
import { dirname } from 'node:path'
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import { PamAlertError } from './model/errors.ts'
import { parseJson } from './model/json.ts'
import { withoutNames } from './model/names.ts'
import { lazyValidator } from './model/schema.ts'

/** The first descriptor that systemd hands over, sd_listen_fds(3). */
const SYSTEMD_FD = 3

/** Whoever is slower than this to say what he wants is no hook. */
const REQUEST_WITHIN_MS = 5000
/** More than that many wait in the backlog, and then in the spool. */
const CONNECTIONS_MAX = 1024
/** Bytes of a body; the hook's longest event is a little shorter. */
const BODY_MAX = 65_536
/** Of a body that was refused, so much is kept in the log. */
const REFUSED_KEPT = 2000

/** @param broken is told of what fails on our side */
export function createApp(log: FastifyBaseLogger, broken: (error: unknown) => void): FastifyInstance {
  const app = Fastify({
    bodyLimit: BODY_MAX,
    requestTimeout: REQUEST_WITHIN_MS,
    // Looked at no more often than that: an idle relay sleeps.
    http: { headersTimeout: REQUEST_WITHIN_MS, connectionsCheckingInterval: REQUEST_WITHIN_MS },
    loggerInstance: log,
    // One log for all: no request here is worth a logger of its own.
    childLoggerFactory: (logger) => logger,
    logController: new LogController({ disableRequestLogging: true }),
    forceCloseConnections: true,
  })
  app.setValidatorCompiler(({ schema }) => lazyValidator(schema as object))
  app.server.maxConnections = CONNECTIONS_MAX
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, text, done) => {
    try {
      done(null, parseJson(String(text)))
    } catch (error) {
      request.log.warn({ body: withoutNames(String(text)).slice(0, REFUSED_KEPT) }, 'not JSON')
      done(Object.assign(error as Error, { statusCode: 400, code: 'not_json' }))
    }
  })
  app.setErrorHandler((error: { statusCode?: number; code?: string; message: string }, request, reply) => {
    const status = error.statusCode ?? 500
    const body = withoutNames(JSON.stringify(request.body) ?? '').slice(0, REFUSED_KEPT)
    request.log[status < 500 ? 'warn' : 'error']({ err: error, url: request.url, body }, 'request refused')
    if (status >= 500) broken(error)
    return reply.code(status).send({ error: error.code ?? 'internal', message: error.message })
  })
  return app
}

function systemdSocket(): boolean {
  const { LISTEN_PID, LISTEN_FDS } = process.env
  return LISTEN_PID === String(process.pid) && Number(LISTEN_FDS) >= 1
}

/** A socket that nobody listens on is left over from a relay that was killed. */
async function clear(path: string) {
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (found === undefined) return
  if (!found.isSocket()) throw new PamAlertError('socket_taken', `${path} is not a socket`)
  const taken = await new Promise<boolean>((resolve) => {
    const probe = connect(path)
    probe.on('connect', () => resolve(true)).on('error', () => resolve(false))
    probe.on('connect', () => probe.destroy())
  })
  if (taken) throw new PamAlertError('socket_taken', path)
  unlinkSync(path)
}

/**
 * Listens with the credentials of the calling process, which the hook sees for good; only then may
 * privileges be dropped. Nothing is accepted before the event loop turns.
 * @throws {PamAlertError} socket_taken
 */
export async function listen(app: FastifyInstance, path: string) {
  await app.ready()
  if (systemdSocket()) {
    app.server.listen({ fd: SYSTEMD_FD })
    return
  }
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  await clear(path)
  const mask = process.umask(0o177)
  try {
    app.server.listen({ path })
  } finally {
    process.umask(mask)
  }
  chmodSync(path, 0o600)
}

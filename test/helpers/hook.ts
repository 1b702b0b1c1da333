// Runs the real hook with any environment, and listens as a relay would.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { onEnd, tempDir } from './temp.ts'

const top = join(import.meta.dirname, '../..')
export const HOOK = join(top, 'hook/build/pam-alert-hook')
/** The same under AddressSanitizer and UndefinedBehaviorSanitizer: it aborts where the other would misbehave. */
export const SANITIZED_HOOK = join(top, 'hook/build/pam-alert-hook-sanitized')
export const WITH_ENV = join(top, 'test/build/with-env')
export const PRELOAD = join(top, 'test/build/preload.so')
export const PAM_TRY = join(top, 'pam/build/pam-try')

export type State = 'closed-fds' | 'ignored-signals' | 'blocked-signals' | 'no-file-size'

export interface HookRun {
  /** Entries in order; bytes as latin1. */
  env: readonly string[]
  socket?: string
  /** By default nowhere: a test must not leave events for the machine's own relay. */
  spool?: string
  args?: readonly string[]
  states?: readonly State[]
  program?: string
  /** Told which process it is. */
  started?(pid: number): void
}

export interface HookResult {
  status: number | null
  stdout: string
  stderr: string
}

/** As pam_exec lays it out: the user's part first, then the items. */
export function pamEnv(items: Record<string, string>, planted: readonly string[] = []): string[] {
  const { PAM_SERVICE = 'sshd', PAM_TYPE = 'open_session', ...rest } = items
  return [
    ...planted,
    `PAM_SERVICE=${PAM_SERVICE}`,
    ...Object.entries(rest).map(([name, value]) => `${name}=${value}`),
    `PAM_TYPE=${PAM_TYPE}`,
  ]
}

export async function runHook(run: HookRun): Promise<HookResult> {
  const { env, socket = '/nonexistent', spool = '/nonexistent', args = [], states = [], program = SANITIZED_HOOK } = run
  const child = spawn(WITH_ENV, [...states, '--', program, '--socket', socket, '--spool', spool, ...args])
  if (child.pid !== undefined) run.started?.(child.pid)
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk) => {
    stdout += chunk
  })
  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  child.stdin.end(Buffer.from(env.map((entry) => `${entry}\0`).join(''), 'latin1'))
  const [status] = await once(child, 'exit')
  return { status, stdout, stderr }
}

export interface Listener {
  socket: string
  /** The next body that arrives, as it came. */
  next(): Promise<string>
  /** Answers 202 at once until told otherwise. */
  respond: (request: IncomingMessage, response: ServerResponse) => void
}

/** A listener on a Unix socket of our own, whose answers the test decides. */
export async function listenAsRelay(t: TestContext): Promise<Listener> {
  const socket = join(tempDir(t), 'relay.sock')
  const arrived: string[] = []
  const waiting: ((body: string) => void)[] = []
  const listener: Listener = {
    socket,
    next: () =>
      new Promise((resolve) => {
        const body = arrived.shift()
        if (body === undefined) waiting.push(resolve)
        else resolve(body)
      }),
    respond: (_, response) => response.writeHead(202).end('{}'),
  }
  const server = createServer(async (request, response) => {
    let body = ''
    request.setEncoding('utf8')
    for await (const chunk of request) body += chunk
    listener.respond(request, response)
    const waiter = waiting.shift()
    if (waiter) waiter(body)
    else arrived.push(body)
  })
  server.listen(socket)
  await once(server, 'listening')
  onEnd(t, () => {
    server.close()
    server.closeAllConnections()
  })
  return listener
}

// The things that are measured, side by side below one temporary directory: the relay as it is
// installed, with a webhook behind it, the bare server, and a PAM service for each program.
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { createSite as createRoot, program } from '../crash/oracle.ts'
import type { RunningRelay } from '../helpers/relay.ts'
import { onEnd, type Scope, tempDir } from '../helpers/temp.ts'
import { CLIENT_CORE, pinned, SERVER_CORE } from './machine.ts'

const run = promisify(execFile)
const top = join(import.meta.dirname, '../..')
const built = (name: string) => join(top, 'test/build', name)
export const PROGRAMS = join(import.meta.dirname, 'programs')
export const EMPTY = built('empty')
export const DURABLE = built('durable')

/** What the service files give the relay, so that what is measured is what runs. */
export const RUNTIME_FLAGS =
  /node((?: --\S+)+)/
    .exec(readFileSync(join(top, 'relay/service/pam-alert.service'), 'utf8'))?.[1]
    ?.trim()
    .split(' ') ?? []

export interface Load {
  stored: number
  failed: number
  seconds: number
  p50_us: number
  p99_us: number
}

export type Site = Awaited<ReturnType<typeof createSite>>

export async function createSite(t: Scope) {
  const dir = tempDir(t)
  const root = await createRoot(t, await program(t))
  const confdir = join(dir, 'pam.d')
  mkdirSync(confdir)
  // A program of one word, for whoever starts the relay: Node on the servers' core with the service's flags.
  const node = join(dir, 'node')
  writeFileSync(node, `#!/bin/sh\nexec taskset -c ${SERVER_CORE} "${process.execPath}" "$@"\n`, { mode: 0o755 })
  const flagged = join(dir, 'node-flagged')
  const [file, args] = pinned(SERVER_CORE, process.execPath, ...RUNTIME_FLAGS)
  writeFileSync(flagged, `#!/bin/sh\nexec ${[file, ...args].join(' ')} "$@"\n`, { mode: 0o755 })

  async function server(): Promise<{ child: ChildProcess; port: number; socket: string }> {
    const socket = join(dir, `server-${Date.now()}.sock`)
    const child = spawn(node, [join(PROGRAMS, 'server.mjs'), `${socket}.db`, socket], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    onEnd(t, () => void child.kill('SIGKILL'))
    const [line] = await once(createInterface({ input: child.stdout }), 'line')
    return { child, port: Number(line), socket }
  }

  return {
    dir,
    confdir,
    node,
    flagged,
    paths: root.paths,
    entry: root.entry,
    receiver: root.receiver,
    server,

    async relay(): Promise<RunningRelay> {
      const relay = root.launch({ program: [flagged, root.entry] })
      await relay.ready
      return relay
    },

    /** A PAM service of this name that does this; if the program fails, the session is refused. */
    service(name: string, module: string | null) {
      const lines = ['session required pam_permit.so', ...(module === null ? [] : [`session required ${module}`])]
      writeFileSync(join(confdir, name), `${lines.join('\n')}\n`)
    },

    /** What pam_open_session took, by service, in microseconds: `n` each, in turn. */
    async sessions(
      n: number,
      services: readonly string[],
      { nofile = 1024, pauseUs = 0 }: { nofile?: number; pauseUs?: number } = {},
    ): Promise<Map<string, number[]>> {
      const numbers = [nofile, pauseUs, n].map(String)
      const [file, args] = pinned(CLIENT_CORE, built('sessions'), confdir, ...numbers, ...services)
      const { stdout } = await run(file, args, { maxBuffer: 2 ** 26 })
      if (stdout.includes('!')) throw new Error(`PAM refused a session: ${stdout.slice(0, 200)}`)
      return new Map(
        stdout
          .trim()
          .split('\n')
          .map((line) => {
            const [name = '', ...times] = line.split(' ')
            return [name, times.map(Number)]
          }),
      )
    },

    /** `events` of `clients` at once, a connection each. */
    async clients(
      socket: string,
      events: number,
      clients: number,
      more: { outcome?: string; pauseUs?: number; core?: number } = {},
    ): Promise<Load> {
      const { outcome = 'success', pauseUs = 0, core = CLIENT_CORE } = more
      const numbers = [events, clients, outcome, pauseUs].map(String)
      const [file, args] = pinned(core, built('clients'), socket, ...numbers)
      return JSON.parse((await run(file, args)).stdout)
    },

    /** What one page needs to be on disk, in microseconds. */
    async syncs(n: number, by: 'fsync' | 'fdatasync', pauseUs = 0): Promise<number[]> {
      const [file, args] = pinned(CLIENT_CORE, built('syncs'), join(dir, 'syncs'), String(n), by, String(pauseUs))
      return (await run(file, args, { maxBuffer: 2 ** 24 })).stdout.trim().split(' ').map(Number)
    },
  }
}

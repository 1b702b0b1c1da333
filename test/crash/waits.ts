// How long a login waits for us at most, with each thing broken that can be. It measures and asserts nothing.
import { once } from 'node:events'
import { chmodSync, chownSync, mkdirSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import type { pathsBelow } from '../../relay/model/paths.ts'
import { logins } from '../helpers/logins.ts'
import type { RunningRelay } from '../helpers/relay.ts'
import { onEnd, type Scope, tempDir } from '../helpers/temp.ts'
import { createSite, type Site } from './oracle.ts'

const NOBODY = 65_534
/** Only root can be another user. */
const FOREIGN = "the socket is another user's"

export interface Wait {
  fault: string
  logins: number
  /** Milliseconds that the one in the middle, and the slowest, took from start to end. */
  middle: number
  longest: number
}

/** A listener that answers one byte a second. */
async function dripping(t: Scope, path: string) {
  const timers: NodeJS.Timeout[] = []
  const server = createServer((socket) => {
    const answer = [...'HTTP/1.1 202 Accepted\r\n\r\n']
    socket.on('error', () => {})
    timers.push(setInterval(() => socket.write(answer.shift() ?? ''), 1000))
  })
  server.listen(path)
  await once(server, 'listening')
  onEnd(t, () => {
    timers.forEach(clearInterval)
    server.close()
  })
}

/** More connections than the kernel keeps for a relay that takes none. */
function fillBacklog(t: Scope, path: string) {
  const sockets: Socket[] = Array.from({ length: 600 }, () => connect(path).on('error', () => {}))
  onEnd(t, () => {
    for (const socket of sockets) socket.destroy()
  })
}

/** A listener of another user's, where that one may have it. */
async function foreign(t: Scope): Promise<string> {
  const dir = tempDir(t)
  chmodSync(dir, 0o711)
  mkdirSync(join(dir, 'theirs'))
  chownSync(join(dir, 'theirs'), NOBODY, NOBODY)
  const path = join(dir, 'theirs/relay.sock')
  const server = createServer()
  process.seteuid?.(NOBODY)
  try {
    server.listen(path)
  } finally {
    process.seteuid?.(0)
  }
  await once(server, 'listening')
  onEnd(t, () => void server.close())
  return path
}

type Break = (site: Site, relay: RunningRelay, t: Scope) => Promise<Partial<Site['paths']>>

/** What is broken → how; it answers which paths the hook is to use instead. */
const FAULTS: Record<string, Break> = {
  'nothing is wrong': async () => ({}),
  'the relay is stopped': async (_, relay) => {
    await relay.stop()
    return {}
  },
  'the relay hangs': async (_, relay) => {
    relay.child.kill('SIGSTOP')
    return {}
  },
  'its backlog is full': async ({ paths }, relay, t) => {
    relay.child.kill('SIGSTOP')
    fillBacklog(t, paths.socket)
    return {}
  },
  'it answers a byte a second': async (_, __, t) => {
    const socket = join(tempDir(t), 'drip.sock')
    await dripping(t, socket)
    return { socket }
  },
  'there is no socket': async () => ({ socket: '/nonexistent/relay.sock' }),
  [FOREIGN]: async (_, __, t) => ({ socket: await foreign(t) }),
  'it cannot store, nor the hook spool': async (_, relay) => {
    await relay.stop()
    return { spool: '/nonexistent' }
  },
}

/** @param n logins in each fault, one after the other; then `crowd` of them at once */
export async function longestWaits(t: Scope, entry: string, n: number, crowd: number): Promise<Wait[]> {
  const waits: Wait[] = []
  const measure = async (fault: string, paths: ReturnType<typeof pathsBelow>, count: number, parallel: number) => {
    const { p50_us, max_us } = await logins(paths, count, parallel)
    waits.push({ fault, logins: count, middle: p50_us / 1000, longest: max_us / 1000 })
  }
  for (const [fault, breaks] of Object.entries(FAULTS)) {
    if (fault === FOREIGN && process.getuid?.() !== 0) continue
    const site = await createSite(t, entry)
    const relay = site.launch()
    await relay.ready
    await measure(fault, { ...site.paths, ...(await breaks(site, relay, t)) }, n, 1)
    await relay.stop('SIGKILL')
  }
  const site = await createSite(t, entry)
  const relay = site.launch()
  await relay.ready
  await measure(`${crowd.toLocaleString('en')} log in at once`, site.paths, crowd, crowd)
  await relay.stop()
  return waits
}

// Memory, start and size of the relay against the bare runtime, and what it does while nothing happens.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { scheduler } from 'node:timers/promises'
import { HOOK } from '../helpers/hook.ts'
import type { Size } from './bench.ts'
import { atMost, atMostTimes, type Figure, type Section } from './figures.ts'
import type { Site } from './site.ts'

const FIRST_ACK_MS = 250

interface Memory {
  private: number
  resident: number
}

/** In megabytes. */
export function memoryOf({ pid }: ChildProcess): Memory {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
  const kb = (name: string) => Number(new RegExp(`^${name}: +(\\d+) kB`, 'm').exec(text)?.[1])
  return { private: (kb('Private_Clean') + kb('Private_Dirty')) / 1024, resident: kb('Rss') / 1024 }
}

/** How often its threads have been given a core. */
function switches({ pid }: ChildProcess): number {
  const counts = readdirSync(`/proc/${pid}/task`).map((task) => {
    const status = readFileSync(`/proc/${pid}/task/${task}/status`, 'utf8')
    return Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(status)?.[1])
  })
  return counts.reduce((sum, n) => sum + n, 0)
}

async function wakeUps(child: ChildProcess, seconds: number): Promise<number> {
  const before = switches(child)
  await scheduler.wait(seconds * 1000)
  return (switches(child) - before) / seconds
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.on('error', () => resolve(false))
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
  })
}

/** Milliseconds from exec to the first event that is acknowledged. */
async function firstAck(site: Site, socket: string, command: readonly string[]): Promise<number> {
  const started = performance.now()
  const [file = '', ...args] = command
  rmSync(socket, { force: true })
  const child = spawn(file, args, { stdio: 'ignore' })
  while (!(await answers(socket)))
    if (child.exitCode !== null) throw new Error(`ended before it listened: ${command.join(' ')}`)
  await site.clients(socket, 1, 1)
  const took = performance.now() - started
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  await ended
  return took
}

async function starts(site: Site, rounds: number): Promise<Section> {
  const bareSocket = join(site.dir, 'bare.sock')
  const bare = [site.node, join(import.meta.dirname, 'programs/server.mjs'), `${bareSocket}.db`, bareSocket]
  const relay = [site.flagged, site.entry, '--root', site.paths.root, 'relay']
  const took = { bare: [] as number[], relay: [] as number[] }
  for (let round = 0; round < rounds; round++) {
    took.bare.push(await firstAck(site, bareSocket, bare))
    took.relay.push(await firstAck(site, site.paths.socket, relay))
  }
  return {
    title: 'From the start of the process to the first event acknowledged',
    reference: 'bare node:http + node:sqlite',
    figures: [
      { what: 'bare node:http + node:sqlite', unit: 'ms', rounds: took.bare },
      { what: 'pam-alert', unit: 'ms', rounds: took.relay, goal: atMost(FIRST_ACK_MS, `${FIRST_ACK_MS} ms`) },
    ],
  }
}

/** In megabytes. */
const sizeOf = (paths: readonly string[]) => paths.reduce((sum, path) => sum + statSync(path).size, 0) / 2 ** 20

function installed(site: Site): Section {
  const figure = (what: string, paths: readonly string[]): Figure => ({ what, unit: 'MB', rounds: [sizeOf(paths)] })
  return {
    title: 'Installed',
    reference: null,
    figures: [
      figure('Node runtime', [process.execPath]),
      figure('relay and command', [site.entry]),
      figure('hook', [HOOK]),
    ],
  }
}

export async function footprint(site: Site, size: Size): Promise<Section[]> {
  const [rounds, events, seconds] = size === 'short' ? [1, 500, 1] : [5, 100_000, 20]
  const start = await starts(site, rounds)
  const runtime = spawn(site.node, ['-e', 'setInterval(() => {}, 2 ** 30)'], { stdio: 'ignore' })
  const { child: server } = await site.server()
  const relay = await site.relay()
  await scheduler.wait(seconds * 200)
  const bare = memoryOf(runtime)
  const serving = memoryOf(server)
  const idle = memoryOf(relay.child)
  const idleWakeUps = await wakeUps(relay.child, seconds)
  const bareWakeUps = await wakeUps(runtime, seconds)
  await site.clients(site.paths.socket, events, 64)
  await scheduler.wait(seconds * 200)
  const later = memoryOf(relay.child)
  runtime.kill()
  const after = `after ${events.toLocaleString('en')} events`
  const memory = (kind: keyof Memory): Section => ({
    title: `Memory, ${kind}`,
    reference: 'bare runtime',
    figures: [
      { what: 'bare runtime', unit: 'MB', rounds: [bare[kind]] },
      { what: 'bare node:http + node:sqlite', unit: 'MB', rounds: [serving[kind]] },
      { what: 'pam-alert, idle', unit: 'MB', rounds: [idle[kind]], goal: atMostTimes(1.6) },
      { what: `pam-alert, ${after}`, unit: 'MB', rounds: [later[kind]], goal: atMostTimes(2) },
    ],
  })
  return [
    start,
    memory('private'),
    memory('resident'),
    installed(site),
    {
      title: 'Wake-ups while idle',
      reference: null,
      figures: [
        { what: 'bare runtime', unit: '/s', rounds: [bareWakeUps] },
        { what: 'pam-alert', unit: '/s', rounds: [idleWakeUps] },
      ],
    },
  ]
}

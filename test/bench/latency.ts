// From the start of the hook to the last byte of the request at a local webhook; and, for comparison, from a
// line in a log to the request that swatchdog has curl make of it.
import { spawn } from 'node:child_process'
import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { scheduler } from 'node:timers/promises'
import { HOOK } from '../helpers/hook.ts'
import type { Size } from './bench.ts'
import { type Figure, type Section, timed } from './figures.ts'
import { commandPath, pinMyself, pinned, SERVER_CORE } from './machine.ts'
import type { Site } from './site.ts'

/** So far apart that no alert waits for the one before. */
const PAUSE_US = 20_000

const nowUs = () => (performance.timeOrigin + performance.now()) * 1000
/** RFC 3339 with six digits, as the hook writes it. */
const microseconds = (time: string) => Date.parse(time) * 1000 + Number(time.slice(-4, -1))

/** What each of the next alerts took, in microseconds, as soon as there are `n`. */
export function arrivals({ receiver }: Site, n: number): Promise<number[]> {
  return new Promise((resolve) => {
    const took: number[] = []
    receiver.respond = ({ body }, response) => {
      const at = nowUs()
      response.writeHead(200).end()
      const { data } = JSON.parse(body.toString()) as { data: { time?: string; user?: string; outcome?: string } }
      if (data.user !== 'alice' || data.outcome !== 'success' || data.time === undefined) return
      took.push(at - microseconds(data.time))
      if (took.length === n) resolve(took)
    }
  })
}

export function hookService(site: Site) {
  const { paths } = site
  site.service('hook', `pam_exec.so quiet quiet_log seteuid ${HOOK} --socket ${paths.socket} --spool ${paths.spool}`)
}

/** Alerts of logins, one by one. */
export async function alerts(site: Site, n: number): Promise<number[]> {
  const arrived = arrivals(site, n)
  await site.sessions(n, ['hook'], { pauseUs: PAUSE_US })
  return arrived
}

/** A line that was written before it listened. */
const LOST_AFTER_MS = 2000

const LINE = 'Nov 20 14:38:36 web-1 sshd[4666]: Accepted publickey for alice from 192.0.2.7 port 39652 ssh2\n'

/** Lines of a log, one by one, in microseconds each. It begins at the end of the log, whenever it gets there. */
async function swatch({ dir, receiver }: Site, rounds: number, n: number): Promise<Figure[]> {
  if (commandPath('swatchdog') === null || commandPath('curl') === null) return []
  const log = join(dir, 'auth.log')
  writeFileSync(log, '')
  writeFileSync(join(dir, 'swatchrc'), `watchfor /Accepted/\n  exec "curl -s ${receiver.url}"\n`)
  const args = ['-c', join(dir, 'swatchrc'), '-t', log, '--script-dir', dir]
  const child = spawn(...pinned(SERVER_CORE, 'swatchdog', ...args), { stdio: 'ignore', detached: true })
  let heard = () => {}
  receiver.respond = (_, response) => {
    response.writeHead(200).end()
    heard()
  }
  const told = async () => {
    const answer = new Promise<void>((resolve) => {
      heard = resolve
    })
    const start = performance.now()
    appendFileSync(log, LINE)
    await Promise.race([answer, scheduler.wait(LOST_AFTER_MS)])
    return (performance.now() - start) * 1000
  }
  try {
    while (receiver.received.length === 0) await told()
    const all: number[][] = []
    for (let round = 0; round < rounds; round++) {
      const took: number[] = []
      for (let i = 0; i < n; i++) took.push(await told())
      all.push(took)
    }
    return [timed('swatchdog + curl, a line in a log', 'µs', all)]
  } finally {
    if (child.pid) process.kill(-child.pid)
  }
}

export async function latency(site: Site, size: Size): Promise<Section[]> {
  const [rounds, n] = size === 'short' ? [1, 3] : [5, 100]
  pinMyself(SERVER_CORE)
  const compared = await swatch(site, rounds, n / 5)
  hookService(site)
  await site.relay()
  await alerts(site, n)
  const all: number[][] = []
  for (let round = 0; round < rounds; round++) all.push(await alerts(site, n))
  return [
    {
      title: 'From the start of the hook, or a line in a log, to the request at a local webhook',
      reference: null,
      figures: [
        timed('pam-alert', 'µs', all, {
          text: '≤ 5 ms, p99 ≤ 25',
          met: ({ value, tail }) => value <= 5000 && (tail ?? 0) <= 25_000,
        }),
        ...compared,
      ],
    },
  ]
}

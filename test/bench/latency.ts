// From the start of the hook to the last byte of the request at a local webhook.
import { HOOK } from '../helpers/hook.ts'
import type { Size } from './bench.ts'
import { type Section, timed } from './figures.ts'
import { pinMyself, SERVER_CORE } from './machine.ts'
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
      const { data } = JSON.parse(body.toString()) as { data: { time?: string; user?: string } }
      if (data.user !== 'alice' || data.time === undefined) return
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

export async function latency(site: Site, size: Size): Promise<Section[]> {
  const [rounds, n] = size === 'short' ? [1, 3] : [5, 100]
  pinMyself(SERVER_CORE)
  hookService(site)
  await site.relay()
  await alerts(site, n)
  const all: number[][] = []
  for (let round = 0; round < rounds; round++) all.push(await alerts(site, n))
  return [
    {
      title: 'From the start of the hook to the request at a local webhook',
      reference: null,
      figures: [
        timed('pam-alert', 'µs', all, {
          text: '≤ 5 ms, p99 ≤ 25',
          met: ({ value, tail }) => value <= 5000 && (tail ?? 0) <= 25_000,
        }),
      ],
    },
  ]
}

// The relay killed on purpose right before a step that it takes on disk or on the wire: one at a time.
import { logins } from '../helpers/logins.ts'
import { nodeBehind, type RunningRelay } from '../helpers/relay.ts'
import type { Scope } from '../helpers/temp.ts'
import { until } from '../helpers/until.ts'
import { check, createSite, idle, program } from './oracle.ts'

/** Steps of store (pwrite64, fsync), spool (unlink) and deliver (write, writev: requests and answers). */
const STEPS = ['pwrite64', 'fsync', 'unlink', 'write', 'writev'] as const

/**
 * The relay under strace(1), which sends the signal before the call is made: the step before is done,
 * this one is not. It counts per thread; so one thread does all that Node does behind its own.
 */
function traced(t: Scope, step: string, nth: number): string {
  const tamper = `-f -qq -o /dev/null -e trace=${step} -e inject=${step}:signal=KILL:when=${nth}`
  return nodeBehind(t, `UV_THREADPOOL_SIZE=1 exec strace ${tamper}`)
}

async function died(relay: RunningRelay, before: Promise<unknown>): Promise<boolean> {
  return Promise.race([
    relay.exited.then(() => true),
    before.then(() => false).catch(() => relay.exited.then(() => true)),
  ])
}

/** Events from the spool and from the socket, and a kill before the nth such step; whether it came to that. */
async function killBefore(t: Scope, step: string, nth: number, entry: string): Promise<boolean> {
  const site = await createSite(t, entry)
  await logins(site.paths, 4, 4, 'spooled')
  const relay = site.launch({ program: [traced(t, step, nth), entry] })
  const early = await died(relay, relay.ready)
  await logins(site.paths, 4, 2, 'sent')
  const late =
    early ||
    (await died(
      relay,
      until(() => idle(relay)),
    ))
  await relay.stop('SIGKILL')
  await check(
    site,
    ['spooled', 'sent'].flatMap((prefix) => [0, 1, 2, 3].map((i) => prefix + i)),
  )
  return late
}

/** At every `stride`th occurrence of each step, until a run goes to its end. @returns kills by step */
export async function killPoints(t: Scope, stride: number): Promise<Record<string, number>> {
  const entry = await program(t)
  const kills = Object.fromEntries(STEPS.map((step) => [step, 0]))
  for (const step of STEPS)
    for (let nth = 1; await killBefore(t, step, nth, entry); nth += stride) kills[step] = (kills[step] ?? 0) + 1
  return kills
}

// Real hooks at a real relay that is killed again and again, at random moments of a seed.
import { scheduler } from 'node:timers/promises'
import { logins } from '../helpers/logins.ts'
import type { Scope } from '../helpers/temp.ts'
import { check, createSite, type Outcome, program } from './oracle.ts'

/** Milliseconds within which the relay is killed: mostly once it listens, sometimes while it starts. */
const LIVES_AT_MOST_MS = 250
const KILLED_EARLY = 0.2

/** mulberry32: small, and the same everywhere. */
export function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Kills at random moments are what this is about: it waits by the clock, and asserts nothing of it. */
export async function crashLoop(t: Scope, kills: number, seed: number): Promise<Outcome & { kills: number }> {
  const site = await createSite(t, await program(t))
  const random = randomOf(seed)
  const users: string[] = []
  for (let round = 0; round < kills; round++) {
    const relay = site.launch()
    if (random() > KILLED_EARLY) await relay.ready
    const n = 10 + Math.floor(random() * 60)
    const prefix = `r${round}u`
    users.push(...Array.from({ length: n }, (_, i) => `${prefix}${i}`))
    const working = logins(site.paths, n, 1 + Math.floor(random() * 6), prefix)
    await scheduler.wait(random() * LIVES_AT_MOST_MS)
    await relay.stop('SIGKILL')
    await working
  }
  return { kills, ...(await check(site, users)) }
}

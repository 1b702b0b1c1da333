// Waiting for the thing itself, for however long that takes here; but not for ever.
import { scheduler } from 'node:timers/promises'

/** Whoever waits longer waits in vain; less than test/run.ts gives a test, so that it says what for. */
const LONGEST_MS = 240_000

export async function until(holds: () => boolean | Promise<boolean>) {
  const giveUp = performance.now() + LONGEST_MS
  while (!(await holds())) {
    if (performance.now() > giveUp) throw new Error(`waited ${LONGEST_MS} ms in vain for ${holds}`)
    await scheduler.yield()
  }
}

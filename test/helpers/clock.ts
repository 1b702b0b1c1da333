// A clock that the test moves.
import type { Clock } from '../../relay/model/clock.ts'

export interface ManualClock extends Clock {
  /** Lets time pass, with all timers that fall due, in order. */
  advance(ms: number): Promise<void>
  /** Sets the wall clock alone, as an administrator or NTP would. */
  setWall(ms: number): void
}

/** What timers and promises set going, until nothing is left to do at once. */
export async function settle() {
  for (let turn = 0; turn < 20; turn++) await new Promise((done) => setImmediate(done))
}

export function manualClock(start = Date.parse('2026-11-20T14:38:36Z')): ManualClock {
  let wall = start
  let monotonic = 0
  const timers = new Set<{ at: number; run: () => void }>()
  return {
    now: () => wall,
    monotonic: () => monotonic,
    after(delayMs, run) {
      const timer = { at: monotonic + Math.max(0, delayMs), run }
      timers.add(timer)
      return () => timers.delete(timer)
    },
    async advance(ms) {
      const end = monotonic + ms
      await settle()
      for (;;) {
        const [next] = [...timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)
        if (next === undefined) break
        timers.delete(next)
        wall += next.at - monotonic
        monotonic = next.at
        next.run()
        await settle()
      }
      wall += end - monotonic
      monotonic = end
      await settle()
    },
    setWall(ms) {
      wall = ms
    },
  }
}

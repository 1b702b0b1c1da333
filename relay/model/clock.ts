// Time, handed in: tests move it themselves.

export interface Clock {
  /** Wall clock in milliseconds since 1970. It may jump. */
  now(): number
  /** Milliseconds since some start. It never goes back. */
  monotonic(): number
  /** Calls `run` once after `delayMs`; the answer takes it back. */
  after(delayMs: number, run: () => void): () => void
}

/** setTimeout takes no longer delay than 2^31-1 ms; whoever waits longer looks again in between. */
const LONGEST_MS = 2 ** 31 - 1

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, Math.min(Math.max(delayMs, 0), LONGEST_MS))
    return () => clearTimeout(timer)
  },
}

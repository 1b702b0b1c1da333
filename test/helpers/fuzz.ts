// How long properties are tried: some runs in a test, some time under `npm run fuzz`.
import type { Parameters } from 'fast-check'

const seconds = process.env.FUZZ_SECONDS

/** `n` runs, or as many as there is time for. */
export const runs = (n: number): Parameters<unknown> =>
  seconds === undefined
    ? { numRuns: n }
    : {
        numRuns: Number.MAX_SAFE_INTEGER,
        interruptAfterTimeLimit: Number(seconds) * 1000,
        markInterruptAsFailure: false,
      }

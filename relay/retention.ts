// Keeps the history as long and as large as the operator wants it, and no longer: the oldest events go, a few at
// a time, so that no login waits; the chain remembers where it was cut. What was learnt from them stays.
import type { Logger } from 'pino'
import type { Pruning } from './db/pruning.ts'
import type { Clock } from './model/clock.ts'
import type { RetentionConfig } from './model/config/retention.ts'
import { cutText } from './sign.ts'

/** Events that go in one transaction. */
const BATCH = 256
/** Between two of them logins have their turn. */
const PAUSE_MS = 50
const LOOK_EVERY_MS = 60_000
/** Pages that are given back at once. */
const PAGES = 256
/** Of the size at which nothing is stored any more. */
const FULL_SHARE = 7 / 8
/**
 * A wall clock that was set wrong would make everything old at once. It is believed when it has gone along with
 * the monotonic one, which nobody sets, for so long.
 */
const STEADY_MS = 3_600_000
const DRIFT_MS = 60_000

export interface RetentionOptions {
  pruning: Pruning
  clock: Clock
  log: Logger
  sign(text: string): string
  /** Runs in one transaction. */
  atomically<T>(work: () => T): T
  /** The store could not be written. */
  storeFailed(error: unknown): void
}

export function createRetention({ pruning, clock, log, sign, atomically, storeFailed }: RetentionOptions) {
  let config: (RetentionConfig & { storeMaxBytes: number }) | null = null
  let cancel = () => {}
  let last = { wall: clock.now(), monotonic: clock.monotonic() }
  let steadySince = last.monotonic

  /** What is older may go; null: nobody knows what time it is. */
  function horizonMs(maxAgeMs: number): number | null {
    const now = { wall: clock.now(), monotonic: clock.monotonic() }
    const drift = now.wall - last.wall - (now.monotonic - last.monotonic)
    last = now
    if (Math.abs(drift) > DRIFT_MS) steadySince = now.monotonic
    return now.monotonic - steadySince >= STEADY_MS ? now.wall - maxAgeMs : null
  }

  /** @returns how many went */
  function prune(horizon: number | null): number {
    if (config === null) return 0
    if (horizon !== null) pruning.removeNotices(horizon)
    const { maxEvents, storeMaxBytes } = config
    const free = pruning.free()
    const events = pruning.oldest(BATCH).filter(({ seq }) => seq <= free)
    const tooLarge = pruning.usedBytes() > storeMaxBytes * FULL_SHARE
    const firstKept = maxEvents === null ? 0 : pruning.newest() - maxEvents + 1
    const stays = events.findIndex(
      ({ seq, time }) => !(tooLarge || seq < firstKept || (horizon !== null && Date.parse(time) < horizon)),
    )
    const going = stays === -1 ? events : events.slice(0, stays)
    const end = going.at(-1)
    if (end === undefined) return 0
    const time = new Date(clock.now()).toISOString()
    pruning.remove({ ...end, time, signature: sign(cutText({ ...end, time })) })
    return going.length
  }

  function step(horizon: number | null, before: number) {
    try {
      const pruned = atomically(() => prune(horizon))
      pruning.shrink(PAGES)
      if (pruned > 0) {
        cancel = clock.after(PAUSE_MS, () => step(horizon, before + pruned))
        return
      }
      if (before > 0) log.info({ events: before }, 'history pruned')
    } catch (error) {
      storeFailed(error)
    }
    cancel = clock.after(LOOK_EVERY_MS, look)
  }

  function look() {
    cancel()
    const horizon = config === null ? null : horizonMs(config.maxAgeMs)
    step(horizon, 0)
  }

  return {
    /** @param storeMaxBytes at which nothing is stored any more */
    configure(next: RetentionConfig, storeMaxBytes: number) {
      config = { ...next, storeMaxBytes }
    },
    start: look,
    stop: () => cancel(),
  }
}

// Looks after a directory: whenever the kernel says that something changed there, and now and then without that.
// One look at a time; whatever is announced meanwhile makes another.
import { type FSWatcher, watch } from 'node:fs'
import type { Clock } from './model/clock.ts'

/** Even if the kernel announces nothing: its queue of announcements is bounded, too. */
const LOOK_EVERY_MS = 60_000
/** After something refused. */
const RETRY_MS = 5000

export interface LookoutOptions {
  directory: string
  clock: Clock
  /** Whether a look is due when this one of its files has changed. */
  concerns(name: string): boolean
  /** Called in the beginning, too. What it throws, `failed` is told. */
  look(): Promise<void>
  failed(error: Error): void
}

export interface Lookout {
  /** Looks at once, and from now on; called again, it looks again. */
  start(): void
  stopped(): boolean
  /** Resolves when no look is under way. */
  stop(): Promise<void>
}

export function createLookout({ directory, clock, concerns, look, failed }: LookoutOptions): Lookout {
  let watcher: FSWatcher | null = null
  let running: Promise<void> | null = null
  let again = false
  let stopped = false
  let wake = () => {}

  async function run() {
    let rest = LOOK_EVERY_MS
    try {
      do {
        // What came before anybody watched is found by the look after that.
        again = watcher === null
        await look()
        if (!stopped) watcher ??= watch(directory, changed).on('error', unwatch)
      } while (again && !stopped)
    } catch (error) {
      rest = RETRY_MS
      failed(error as Error)
    }
    running = null
    if (!stopped) wake = clock.after(rest, start)
  }

  function changed(_: string, name: string | null) {
    if (name === null || concerns(name)) start()
  }

  function unwatch() {
    watcher?.close()
    watcher = null
  }

  function start() {
    again = true
    if (stopped || running !== null) return
    wake()
    running = run()
  }

  return {
    start,
    stopped: () => stopped,
    async stop() {
      stopped = true
      wake()
      unwatch()
      await running
    },
  }
}

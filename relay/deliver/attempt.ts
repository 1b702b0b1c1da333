// One attempt of a notifier: under a deadline, in its name, and never the end of anything else.
import type { AsyncLocalStorage } from 'node:async_hooks'
import type { Logger } from 'pino'
import type { Alert } from '../model/alert.ts'
import type { Clock } from '../model/clock.ts'
import { type Outcome, retry } from '../model/outcome.ts'
import type { Attempt, Notifier } from '../notifiers/notifier.ts'

export interface AttemptOptions {
  name: string
  clock: Clock
  log: Logger
  /** One attempt, from the first byte to the last, in milliseconds. */
  attemptMs: number
  /** In whose name the running code was called, for exceptions that escape. */
  current: AsyncLocalStorage<string>
}

export function createAttempts({ name, clock, log, attemptMs, current }: AttemptOptions) {
  /** Never rejects, and never takes longer than an attempt may. */
  return async (to: Notifier, alert: Alert, about: Omit<Attempt, 'signal'>): Promise<Outcome> => {
    const controller = new AbortController()
    const { signal } = controller
    const expiry = new Promise<Outcome>((resolve) => {
      const cancel = clock.after(attemptMs, () => {
        resolve(retry(`no answer within ${attemptMs} ms`))
        controller.abort()
      })
      signal.addEventListener('abort', cancel)
    })
    try {
      return await Promise.race([expiry, current.run(name, async () => to.send(alert, { ...about, signal }))])
    } catch (error) {
      log.error({ err: error, notifier: name, key: about.key }, 'bug in notifier')
      return retry(`bug in notifier: ${error instanceof Error ? error.message : error}`)
    } finally {
      controller.abort()
    }
  }
}

// What the relay has to say of itself, to whoever gets its alerts: through rows like any message, or
// if those can't be written, at once and through whatever works.
import { randomUUID } from 'node:crypto'
import { type Alert, noticeAlert } from './model/alert.ts'
import type { Clock } from './model/clock.ts'

export interface NoticeOptions {
  hostName: string
  clock: Clock
  /** Names of the notifiers that are at work now. */
  notifiers(): Iterable<string>
  send(notifier: string, key: string, alert: Alert): void
  shout(alert: Alert): Promise<void>
}

export function createNotices({ hostName, clock, notifiers, send, shout }: NoticeOptions) {
  const alertOf = (text: string) => noticeAlert(`${hostName}: ${text}`, new Date(clock.now()).toISOString())

  function tell(text: string, except: string | null) {
    const alert = alertOf(text)
    const id = randomUUID()
    try {
      for (const name of notifiers()) if (name !== except) send(name, `${id}.${name}`, alert)
    } catch {
      // The store can't be written: it has told the log why, and this must be heard all the same.
      void shout(alert)
    }
  }

  return {
    tell: (text: string) => tell(text, null),

    /** Tells of one notifier's trouble through all the others. */
    paused: (notifier: string, reason: string) => tell(`notifier ${notifier} is paused: ${reason}`, notifier),

    /** For when the store is what's wrong. */
    shout: (text: string) => void shout(alertOf(text)),
  }
}

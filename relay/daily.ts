// One message a day: what happened since the last. One per day whatever restarts and clocks do, and what it
// counts is what was stored, each event in one digest.
import type { DailyTable, Sums } from './db/daily.ts'
import { type Alert, noticeAlert } from './model/alert.ts'
import type { Clock } from './model/clock.ts'
import type { DigestConfig } from './model/config/digest.ts'
import { clockTime, plural } from './model/text.ts'
import { nextAt } from './model/times.ts'

/** A wall clock may be set meanwhile. */
const LOOK_EVERY_MS = 600_000
const DAY_MS = 86_400_000

/** Sessions that no person opens. */
const ROBOTS = new Set(['cron', 'crond', 'atd', 'systemd-user'])

export interface DailyOptions {
  table: DailyTable
  hostName: string
  clock: Clock
  /** How far the events are routed. */
  routed(): number
  /** Runs in one transaction. */
  atomically(work: () => void): void
  /** The store could not be written. */
  storeFailed(error: unknown): void
  send(notifier: string, key: string, alert: Alert): void
}

/** @param stored how many events there were, of which the history may not have all any more */
export function digestText(sums: Sums, stored: number): string {
  const count = (counts: (kind: Sums['kinds'][number]) => boolean) =>
    sums.kinds.filter(counts).reduce((sum, { count }) => sum + count, 0)
  const opened = (kind: { type: string; outcome: string }) => kind.type === 'open_session' && kind.outcome === 'success'
  const robots = count((kind) => opened(kind) && ROBOTS.has(kind.service))
  const logins = count((kind) => opened(kind) && !ROBOTS.has(kind.service))
  const refused = count(({ outcome }) => outcome === 'failure')
  const closed = count(({ type, outcome }) => type === 'close_session' && outcome === 'success')
  const kept = count(() => true)
  const others = kept - robots - logins - refused - closed
  const busiest = sums.refusing.map(({ source, count }) => `${count} from ${source}`).join(', ')
  const { firsts, pending, dead } = sums
  const who = `${plural(sums.users, 'user')}, ${plural(sums.sources, 'source')}`
  return [
    `${plural(logins, 'login')} and ${refused} refused (${who})`,
    ...(busiest === '' ? [] : [`refused: ${busiest}`]),
    ...(firsts.count === 0 ? [] : [`new in ${plural(firsts.count, 'login')}: ${firsts.users.join(', ')}`]),
    ...(pending + dead === 0 ? [] : [`not delivered: ${pending} waiting, ${plural(dead, 'dead letter')}`]),
    `${closed} closed, ${robots} of cron and systemd, ${others} other`,
    ...(stored === kept ? [] : [`${stored - kept} not in the history any more`]),
    `${plural(stored, 'event')} in all`,
  ].join('; ')
}

export function createDaily({ table, hostName, clock, routed, atomically, storeFailed, send }: DailyOptions) {
  let config: DigestConfig | null = null
  let cancel = () => {}

  /** The next one after the last. Of a time that is not to come so soon the clock was wrong when it was noted. */
  function dueMs({ at, timeZone }: DigestConfig): number {
    const now = clock.now()
    const last = table.last()
    if (last !== null && last.atMs <= now + DAY_MS) return nextAt(at, timeZone, last.atMs)
    atomically(() => table.note({ seq: last?.seq ?? routed(), atMs: now }))
    return nextAt(at, timeZone, now)
  }

  function look() {
    cancel()
    if (config === null) return
    try {
      if (dueMs(config) <= clock.now()) atomically(() => config && tell(config))
      cancel = clock.after(Math.min(Math.max(dueMs(config) - clock.now(), 1), LOOK_EVERY_MS), look)
    } catch (error) {
      storeFailed(error)
      cancel = clock.after(LOOK_EVERY_MS, look)
    }
  }

  function tell({ notify }: DigestConfig) {
    const now = clock.now()
    const time = new Date(now).toISOString()
    const last = table.last() ?? { seq: 0, atMs: now }
    const to = routed()
    const since = clockTime(new Date(last.atMs).toISOString(), time)
    const text = `${hostName} since ${since}: ${digestText(table.sums(last.seq, to), to - last.seq)}`
    const alert = { ...noticeAlert(text, time), title: `${hostName}: the day`, priority: -1 as const }
    for (const notifier of notify) send(notifier, `digest-${now}.${notifier}`, alert)
    table.note({ seq: to, atMs: now })
  }

  return {
    /** Tells what is overdue, and waits for the next. null: there is none. */
    configure(next: DigestConfig | null) {
      config = next
      look()
    },

    stop() {
      cancel()
      config = null
    },
  }
}

// An old log through today's rules: the stages behind the store, over a database in memory and a clock
// that the log moves. It wires what main.ts does; it sends nothing and keeps nothing.
import { openDatabase } from './db/database.ts'
import { createEvents } from './db/events.ts'
import { createSeen } from './db/seen.ts'
import { createSessions } from './db/sessions.ts'
import { createKnowledge } from './enrich/knowledge.ts'
import { NO_KNOWLEDGE } from './enrich.ts'
import { thisHost } from './machine/host.ts'
import type { Alert } from './model/alert.ts'
import type { Clock } from './model/clock.ts'
import type { Config } from './model/config/config.ts'
import type { EventRecord, LogEvent } from './model/event.ts'
import { timesOf } from './model/kind.ts'
import type { Meaning } from './model/meaning.ts'
import { createOnward } from './onward.ts'

export interface ReplayedAlert {
  /** When it would have left: RFC 3339, UTC. */
  time: string
  notifiers: string[]
  title: string
  text: string
  priority: Alert['priority']
  /** For how many attempts it stands. */
  count: number
}

export interface ReplayTotals {
  /** Attempts, by outcome; sessions that ended and lines of patterns are neither. */
  accepted: number
  refused: number
  closed: number
  other: number
  /** Sessions whose beginning and end are both there. */
  sessions: number
  sources: Record<string, { accepted: number; refused: number }>
  alerts: number
  /** Attempts that were counted in another's alert. */
  folded: number
  /** Attempts that no route sends. */
  silent: number
  /** Lines about an attempt that another line had told of. */
  same: number
}

interface MovedClock extends Clock {
  moveTo(ms: number): void
  /** Until no timer is left. */
  runOut(): void
}

/** Starts with the first time that it is moved to, and never goes back. */
function movedClock(): MovedClock {
  let now = 0
  const timers = new Set<{ at: number; run: () => void }>()
  function runNext(limit: number): boolean {
    const [next] = [...timers].filter(({ at }) => at <= limit).sort((a, b) => a.at - b.at)
    if (next === undefined) return false
    timers.delete(next)
    now = Math.max(now, next.at)
    next.run()
    return true
  }
  return {
    now: () => now,
    monotonic: () => now,
    after(delayMs, run) {
      const timer = { at: now + delayMs, run }
      timers.add(timer)
      return () => timers.delete(timer)
    },
    moveTo(ms) {
      while (runNext(ms));
      now = Math.max(now, ms)
    },
    runOut() {
      while (runNext(Number.POSITIVE_INFINITY));
    },
  }
}

/** @param tell is given each alert, in the order of their times */
export function createReplay(config: Config, tell: (alert: ReplayedAlert) => void) {
  const clock = movedClock()
  const db = openDatabase(':memory:')
  const events = createEvents(db)
  const host = thisHost()
  // Of accounts and addresses only today's are known.
  const knowledge = createKnowledge({
    ...NO_KNOWLEDGE,
    seen: createSeen(db),
    sessions: createSessions(db, host.boot_id),
    keyName: (_, fingerprint) => config.keys.get(fingerprint) ?? null,
  })
  const onward = createOnward({
    db,
    events,
    clock,
    knowledge,
    send,
    watches: () => true,
    storeFailed: (error) => {
      throw error
    },
  })
  onward.configure(config)
  const totals: ReplayTotals = {
    accepted: 0,
    refused: 0,
    closed: 0,
    other: 0,
    sessions: 0,
    sources: {},
    alerts: 0,
    folded: 0,
    silent: 0,
    same: 0,
  }
  let seq = 0
  let unsaid = new Map<string, ReplayedAlert>()

  /** What several notifiers get is one alert. */
  function send(notifier: string, key: string, { title, text, count, priority }: Alert) {
    const name = `${key.slice(0, -notifier.length)} ${count} ${text}`
    const known = unsaid.get(name)
    const time = new Date(clock.now()).toISOString()
    if (known) known.notifiers.push(notifier)
    else unsaid.set(name, { time, notifiers: [notifier], title, text, priority, count })
  }

  function say() {
    for (const alert of unsaid.values()) {
      totals.alerts += 1
      totals.folded += alert.count - 1
      tell(alert)
    }
    unsaid = new Map()
  }

  function account({ type, outcome }: EventRecord, { source, session }: Meaning, times: number) {
    if (type === 'log') {
      totals.other += times
      return
    }
    if (type === 'close_session') {
      totals.closed += times
      if (session !== null) totals.sessions += 1
      return
    }
    const way = outcome === 'success' ? 'accepted' : 'refused'
    totals[way] += times
    const from = source?.address ?? source?.name ?? null
    if (from === null) return
    const entry = totals.sources[from] ?? { accepted: 0, refused: 0 }
    totals.sources[from] = entry
    entry[way] += times
  }

  return {
    take(event: LogEvent) {
      clock.moveTo(Date.parse(event.time))
      say()
      seq += 1
      const record: EventRecord = { ...event, host, seq }
      events.insert(seq, record.id, JSON.stringify(record), new Uint8Array(32))
      const { meaning, sent } = onward.take(record)
      const times = timesOf(record, meaning)
      account(record, meaning, times)
      if (times === 0) totals.same += 1
      else if (!sent) totals.silent += times
      say()
    },

    /** What is still counted is told; then there is no more. */
    end(): ReplayTotals {
      clock.runOut()
      say()
      onward.stop()
      db.close()
      return totals
    },
  }
}

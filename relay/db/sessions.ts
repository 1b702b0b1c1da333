// Sessions that are open now, until they are closed: who, since when, and what he became meanwhile.
import type { EventRecord } from '../model/event.ts'
import type { Session } from '../model/meaning.ts'
import type { Database } from './database.ts'

/** Of one user; an older one that nobody closed tells no more. */
const COUNTED_MAX = 64

type Inside = Record<string, number>

/** PAM_TTY without its directory; null where it is none: sshd says "ssh" before there is one. */
const terminalOf = (tty: unknown) => /^(?:\/dev\/)?((?:tty|pts\/|hvc)\w+)$/.exec(String(tty))?.[1] ?? null

const bootOf = ({ host }: EventRecord) => host.boot_id ?? ''

/** @param boot this run of the machine; nobody will close what an earlier one opened */
export function createSessions(db: Database, boot: string | null) {
  const opened = db.prepare(
    'SELECT opened, inside FROM session WHERE boot = ? AND pid = ? AND service = ? AND user = ?',
  )
  const open = db.prepare(
    "INSERT OR REPLACE INTO session (boot, pid, service, user, tty, opened, inside) VALUES (?, ?, ?, ?, ?, ?, '{}')",
  )
  const close = db.prepare('DELETE FROM session WHERE boot = ? AND pid = ? AND service = ? AND user = ?')
  const ofUser = db.prepare('SELECT * FROM session WHERE user = ? AND boot = ? ORDER BY opened DESC LIMIT ?')
  const count = db.prepare('UPDATE session SET inside = ? WHERE boot = ? AND pid = ? AND service = ? AND user = ?')
  db.prepare('DELETE FROM session WHERE boot <> ?').run(boot ?? '')

  const keyOf = (record: EventRecord) => [bootOf(record), record.pid, record.service, record.user ?? ''] as const

  /**
   * PAM names a terminal, or none, but never the session around it: of several that it could have
   * been in, each tells of it.
   */
  function became(asker: string, { service, tty, ...record }: EventRecord) {
    const terminal = terminalOf(tty)
    for (const row of ofUser.all(asker, record.host.boot_id ?? '', COUNTED_MAX)) {
      const own = terminalOf(row.tty)
      if (own !== null && own !== terminal) continue
      const inside = new Map(Object.entries(JSON.parse(String(row.inside)) as Inside))
      inside.set(service, (inside.get(service) ?? 0) + 1)
      const counts = JSON.stringify(Object.fromEntries(inside))
      count.run(counts, String(row.boot), Number(row.pid), String(row.service), String(row.user))
    }
  }

  return {
    /** What this event closes; sshd and its like open and close in one process. */
    closedBy(record: EventRecord): Session | null {
      const row = record.type === 'close_session' ? opened.get(...keyOf(record)) : undefined
      if (row === undefined) return null
      const since = String(row.opened)
      const ms = Date.parse(record.time) - Date.parse(since)
      return { opened: since, seconds: Math.max(0, Math.round(ms / 1000)), inside: JSON.parse(String(row.inside)) }
    },

    /** @param asker who became the record's user, if somebody did */
    note(record: EventRecord, asker: string | null) {
      if (record.type === 'close_session') close.run(...keyOf(record))
      if (record.type !== 'open_session' || record.outcome !== 'success') return
      open.run(...keyOf(record), record.tty, record.time)
      if (asker !== null) became(asker, record)
    },
  }
}

export type Sessions = ReturnType<typeof createSessions>

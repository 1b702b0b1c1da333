// Groups of events that have told their first and count the others, kept over restarts.
import type { Priority } from '../model/alert.ts'
import type { Database } from './database.ts'

export interface Group {
  notifier: string
  key: string
  /** Events counted since the last message. */
  held: number
  /** The last event of the group. */
  lastSeq: number
  priority: Priority
  intervalMs: number
  /** Wall clock in milliseconds: when the next message is due. */
  dueMs: number
}

function fromRow(row: Record<string, unknown>): Group {
  return {
    notifier: String(row.notifier),
    key: String(row.key),
    held: Number(row.held),
    lastSeq: Number(row.last_seq),
    priority: Number(row.priority) as Priority,
    intervalMs: Number(row.interval_ms),
    dueMs: Number(row.due_ms),
  }
}

export function createGroups(db: Database) {
  const one = db.prepare('SELECT * FROM grouped WHERE notifier = ? AND key = ?')
  const all = db.prepare('SELECT * FROM grouped ORDER BY due_ms')
  const put = db.prepare(
    'INSERT OR REPLACE INTO grouped (notifier, key, held, last_seq, priority, interval_ms, due_ms) VALUES (?, ?, ?, ?, ?, ?, ?)',
  )
  const remove = db.prepare('DELETE FROM grouped WHERE notifier = ? AND key = ?')

  return {
    get(notifier: string, key: string): Group | null {
      const row = one.get(notifier, key)
      return row === undefined ? null : fromRow(row)
    },
    all: (): Group[] => all.all().map(fromRow),
    put({ notifier, key, held, lastSeq, priority, intervalMs, dueMs }: Group) {
      put.run(notifier, key, held, lastSeq, priority, intervalMs, dueMs)
    },
    remove({ notifier, key }: Group) {
      remove.run(notifier, key)
    },
  }
}

export type Groups = ReturnType<typeof createGroups>

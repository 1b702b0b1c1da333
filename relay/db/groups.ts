// Groups of events that have told their first and count the others, kept over restarts.
import type { Priority } from '../model/alert.ts'
import { countOf, type Distinct, type Tally } from '../model/tally.ts'
import type { Database } from './database.ts'

export interface Group {
  notifier: string
  key: string
  /** Why not even the first was told; null: it was. */
  why: string | null
  /** Events counted since the last message; null: none. */
  tally: Tally | null
  /** What its events were like: one that is like none of them is told at once. */
  seen: Distinct
  /** The last event of the group. */
  lastSeq: number
  priority: Priority
  intervalMs: number
  /** How often the rest was told: each time makes the next wait longer. */
  level: number
  /** Nothing came for a whole interval: it may soon be forgotten, and what comes is told at once. */
  cooling: boolean
  /** Wall clock in milliseconds: when the next message is due, or the end. */
  dueMs: number
}

function fromRow(row: Record<string, unknown>): Group {
  return {
    notifier: String(row.notifier),
    key: String(row.key),
    why: row.why === null ? null : String(row.why),
    tally: row.tally === null ? null : JSON.parse(String(row.tally)),
    seen: JSON.parse(String(row.seen)),
    lastSeq: Number(row.last_seq),
    priority: Number(row.priority) as Priority,
    intervalMs: Number(row.interval_ms),
    level: Number(row.level),
    cooling: row.cooling === 1,
    dueMs: Number(row.due_ms),
  }
}

export function createGroups(db: Database) {
  const one = db.prepare('SELECT * FROM grouped WHERE notifier = ? AND key = ?')
  const all = db.prepare('SELECT * FROM grouped')
  const ofKey = db.prepare('SELECT * FROM grouped WHERE key = ?')
  const put = db.prepare(
    `INSERT OR REPLACE INTO grouped
     (notifier, key, why, held, tally, seen, last_seq, priority, interval_ms, level, cooling, due_ms)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  const remove = db.prepare('DELETE FROM grouped WHERE notifier = ? AND key = ?')

  return {
    get(notifier: string, key: string): Group | null {
      const row = one.get(notifier, key)
      return row === undefined ? null : fromRow(row)
    },
    all: (): Group[] => all.all().map(fromRow),
    /** Of all notifiers. */
    ofKey: (key: string): Group[] => ofKey.all(key).map(fromRow),
    put(group: Group) {
      const { notifier, key, why, tally, seen, lastSeq, priority, intervalMs, level, cooling, dueMs } = group
      const held = tally === null ? 0 : countOf(tally)
      const json = tally === null ? null : JSON.stringify(tally)
      put.run(
        ...[notifier, key, why, held, json, JSON.stringify(seen), lastSeq],
        ...[priority, intervalMs, level, Number(cooling), dueMs],
      )
    },
    remove({ notifier, key }: Group) {
      remove.run(notifier, key)
    },
  }
}

export type Groups = ReturnType<typeof createGroups>

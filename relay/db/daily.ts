// What a day's events come to, counted where they are; and how far the last digest went.
import type { Database } from './database.ts'

export interface Progress {
  /** The last event that was told of. */
  seq: number
  /** Wall clock in milliseconds: when. */
  atMs: number
}

export interface Sums {
  /** Type and outcome, as stored, with how many there were, users and sources. */
  kinds: { type: string; outcome: string; service: string; count: number }[]
  users: number
  sources: number
  /** Sources of refusals, the busiest first. */
  refusing: { source: string; count: number }[]
  /** Logins in which something was new, the last first. */
  firsts: { count: number; users: string[] }
  /** Messages that wait, and that their notifier refused for good. */
  pending: number
  dead: number
}

const SHOWN = 3
const RANGE = 'seq > ? AND seq <= ?'
const NEW = `${RANGE} AND type = 'open_session' AND json_array_length(json, '$.first') > 0`

export function createDailyTable(db: Database) {
  const progress = db.prepare("SELECT name, seq FROM progress WHERE name IN ('digest', 'digest_ms')")
  const note = db.prepare('INSERT OR REPLACE INTO progress (name, seq) VALUES (?, ?)')
  const kinds = db.prepare(
    `SELECT type, outcome, service, count(*) AS count FROM meaning WHERE ${RANGE} GROUP BY type, outcome, service`,
  )
  const distinct = db.prepare(
    `SELECT count(DISTINCT user) AS users, count(DISTINCT source) AS sources FROM meaning WHERE ${RANGE}`,
  )
  const refusing = db.prepare(
    `SELECT source, count(*) AS count FROM meaning WHERE ${RANGE} AND outcome = 'failure' AND source IS NOT NULL
     GROUP BY source ORDER BY count DESC, source LIMIT ${SHOWN}`,
  )
  const news = db.prepare(`SELECT count(*) AS count FROM meaning WHERE ${NEW}`)
  const newUsers = db.prepare(
    `SELECT user, max(seq) AS last FROM meaning WHERE ${NEW} AND user IS NOT NULL
     GROUP BY user ORDER BY last DESC LIMIT ${SHOWN}`,
  )
  const open = db.prepare(
    "SELECT state, count(*) AS count FROM delivery WHERE state IN ('pending', 'dead') GROUP BY state",
  )

  return {
    /** null: there was none. */
    last(): Progress | null {
      const rows = new Map(progress.all().map(({ name, seq }) => [String(name), Number(seq)]))
      const [seq, atMs] = [rows.get('digest'), rows.get('digest_ms')]
      return seq === undefined || atMs === undefined ? null : { seq, atMs }
    },
    note({ seq, atMs }: Progress) {
      note.run('digest', seq)
      note.run('digest_ms', atMs)
    },
    /** Of the events behind `from` up to `to`. */
    sums(from: number, to: number): Sums {
      const states = new Map(open.all().map(({ state, count }) => [String(state), Number(count)]))
      const { users, sources } = distinct.get(from, to) ?? {}
      return {
        kinds: kinds.all(from, to) as unknown as Sums['kinds'],
        users: Number(users),
        sources: Number(sources),
        refusing: refusing.all(from, to) as unknown as Sums['refusing'],
        firsts: {
          count: Number(news.get(from, to)?.count),
          users: newUsers.all(from, to).map(({ user }) => String(user)),
        },
        pending: states.get('pending') ?? 0,
        dead: states.get('dead') ?? 0,
      }
    },
  }
}

export type DailyTable = ReturnType<typeof createDailyTable>

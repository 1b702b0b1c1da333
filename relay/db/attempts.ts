// Refusals by source, one row each while they go on: what a success that follows is measured by.
import { type Distinct, NONE } from '../model/tally.ts'
import type { Database } from './database.ts'

export interface Attempts {
  failures: number
  users: Distinct
  /** RFC 3339, UTC. */
  since: string
  /** The last one, in milliseconds. */
  lastMs: number
}

/** Each new row takes this many old ones away. */
const PRUNED = 4

export function createAttempts(db: Database) {
  const one = db.prepare('SELECT failures, users, since, last_ms FROM attempts WHERE source = ?')
  const put = db.prepare(
    'INSERT OR REPLACE INTO attempts (source, failures, users, since, last_ms) VALUES (?, ?, ?, ?, ?)',
  )
  const remove = db.prepare('DELETE FROM attempts WHERE source = ?')
  const prune = db.prepare(
    `DELETE FROM attempts WHERE source IN
     (SELECT source FROM attempts WHERE last_ms < ? ORDER BY last_ms LIMIT ${PRUNED})`,
  )

  return {
    get(source: string): Attempts | null {
      const row = one.get(source)
      if (row === undefined) return null
      return {
        failures: Number(row.failures),
        users: JSON.parse(String(row.users)),
        since: String(row.since),
        lastMs: Number(row.last_ms),
      }
    },
    put(source: string, { failures, users, since, lastMs }: Attempts) {
      put.run(source, failures, JSON.stringify(users), since, lastMs)
    },
    remove: (source: string) => void remove.run(source),
    /** Forgets some of those that ended before `ms`. */
    prune: (ms: number) => void prune.run(ms),
    none: (since: string): Attempts => ({ failures: 0, users: NONE, since, lastMs: Date.parse(since) }),
  }
}

export type AttemptTable = ReturnType<typeof createAttempts>

// What keeps others silent, and until when: one row per rule and values, for as long as it matters.
import type { Database } from './database.ts'

/** Each row that is written takes this many old ones away. */
const PRUNED = 4

export function createInhibitionTable(db: Database) {
  const one = db.prepare('SELECT until_ms FROM inhibition WHERE key = ?')
  const put = db.prepare('INSERT OR REPLACE INTO inhibition (key, until_ms) VALUES (?, ?)')
  const prune = db.prepare(
    `DELETE FROM inhibition WHERE key IN
     (SELECT key FROM inhibition WHERE until_ms < ? ORDER BY until_ms LIMIT ${PRUNED})`,
  )
  return {
    /** Wall clock in milliseconds; null: never, or long ago. */
    until(key: string): number | null {
      const row = one.get(key)
      return row === undefined ? null : Number(row.until_ms)
    },
    put(key: string, untilMs: number, nowMs: number) {
      put.run(key, untilMs)
      prune.run(nowMs)
    },
  }
}

export type InhibitionTable = ReturnType<typeof createInhibitionTable>

// What each notifier has spent, and what its service says is left: kept over restarts.
import type { Quota } from '../model/outcome.ts'
import type { Database } from './database.ts'

export interface Spent {
  id: number
  /** Wall clock in milliseconds. */
  atMs: number
}

/** By the wall clock, in milliseconds. */
export interface StoredQuota extends Omit<Quota, 'resetInMs'> {
  resetMs: number
  /** When the service said so. */
  saidMs: number
}

export function createBudgets(db: Database) {
  const spend = db.prepare('INSERT INTO spent (notifier, at_ms) VALUES (?, ?)')
  const refund = db.prepare('DELETE FROM spent WHERE id = ?')
  const forget = db.prepare('DELETE FROM spent WHERE at_ms < ?')
  const redate = db.prepare('UPDATE spent SET at_ms = ?2 WHERE notifier = ?1 AND at_ms > ?2')
  const spent = db.prepare('SELECT id, at_ms FROM spent WHERE notifier = ? ORDER BY at_ms, id')
  const say = db.prepare(
    'INSERT OR REPLACE INTO quota (notifier, name, messages, remaining, reset_ms, said_ms) VALUES (?, ?, ?, ?, ?, ?)',
  )
  const quotas = db.prepare('SELECT * FROM quota WHERE notifier = ?')

  return {
    spend: (notifier: string, atMs: number): number => Number(spend.run(notifier, atMs).lastInsertRowid),
    refund: (id: number) => void refund.run(id),
    forget: (beforeMs: number) => void forget.run(beforeMs),
    /** Nothing was spent later than now. */
    redate: (notifier: string, nowMs: number) => void redate.run(notifier, nowMs),
    /** In the order it was spent. */
    spent: (notifier: string): Spent[] =>
      spent.all(notifier).map((row) => ({ id: Number(row.id), atMs: Number(row.at_ms) })),

    say(notifier: string, { name, messages, remaining, resetMs, saidMs }: StoredQuota) {
      say.run(notifier, name, messages, remaining, resetMs, saidMs)
    },
    quotas: (notifier: string): StoredQuota[] =>
      quotas.all(notifier).map((row) => ({
        name: String(row.name),
        messages: Number(row.messages),
        remaining: Number(row.remaining),
        resetMs: Number(row.reset_ms),
        saidMs: Number(row.said_ms),
      })),
  }
}

export type Budgets = ReturnType<typeof createBudgets>

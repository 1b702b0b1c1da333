// What was announced: logins that are counted until it ends, and not told one by one.
import type { Expectation } from '../model/expectation.ts'
import type { Database } from './database.ts'

function fromRow(row: Record<string, unknown>): Expectation {
  return {
    id: Number(row.id),
    user: row.user === null ? null : String(row.user),
    source: JSON.parse(String(row.source)),
    reason: row.reason === null ? null : String(row.reason),
    durationMs: Number(row.duration_ms),
    untilMs: Number(row.until_ms),
    held: Number(row.held),
  }
}

export function createExpectationTable(db: Database) {
  const insert = db.prepare(
    'INSERT INTO expectation (user, source, reason, duration_ms, until_ms) VALUES (?, ?, ?, ?, ?) RETURNING id',
  )
  const all = db.prepare('SELECT * FROM expectation ORDER BY id')
  const count = db.prepare('UPDATE expectation SET held = held + 1 WHERE id = ?')
  const remove = db.prepare('DELETE FROM expectation WHERE id = ?')

  return {
    add({ user, source, reason, durationMs, untilMs }: Omit<Expectation, 'id' | 'held'>): number {
      return Number(insert.get(user, JSON.stringify(source), reason, durationMs, untilMs)?.id)
    },
    all: (): Expectation[] => all.all().map(fromRow),
    count: (id: number) => void count.run(id),
    remove: (id: number) => void remove.run(id),
  }
}

export type ExpectationTable = ReturnType<typeof createExpectationTable>

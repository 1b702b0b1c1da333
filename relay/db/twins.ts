// Attempts of the last minutes, and who has told of each. Whoever calls decides on transactions.
import type { Database } from './database.ts'

export interface Attempt {
  id: number
  /** The event that told of it first. */
  seq: number
  /** Service, type and outcome: others are never the same. */
  kind: string
  atMs: number
  /** 0: nobody said. */
  pid: number
  user: string | null
  /** From where, or on the machine itself, from whom. */
  source: string | null
  method: 'key' | 'password' | null
  witnesses: readonly string[]
}

const textOrNull = (value: unknown) => (value === null ? null : String(value))

function fromRow(row: Record<string, unknown>): Attempt {
  return {
    id: Number(row.id),
    seq: Number(row.seq),
    kind: String(row.kind),
    atMs: Number(row.at_ms),
    pid: Number(row.pid),
    user: textOrNull(row.user),
    source: textOrNull(row.source),
    method: textOrNull(row.method) as Attempt['method'],
    witnesses: JSON.parse(String(row.witnesses)),
  }
}

export function createTwins(db: Database) {
  const near = db.prepare('SELECT * FROM twin WHERE kind = ? AND at_ms BETWEEN ? AND ? ORDER BY at_ms, id')
  const add = db.prepare(
    'INSERT INTO twin (seq, kind, at_ms, pid, user, source, method, witnesses) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
  )
  const heard = db.prepare('UPDATE twin SET user = ?, source = ?, method = ?, witnesses = ? WHERE id = ?')
  const forget = db.prepare('DELETE FROM twin WHERE at_ms < ?')

  return {
    /** Those of a kind, oldest first. */
    near: (kind: string, fromMs: number, toMs: number): Attempt[] => near.all(kind, fromMs, toMs).map(fromRow),
    add({ seq, kind, atMs, pid, user, source, method, witnesses }: Omit<Attempt, 'id'>) {
      add.run(seq, kind, atMs, pid, user, source, method, JSON.stringify(witnesses))
    },
    /** Keeps what a further witness has said of it. */
    heard({ id, user, source, method, witnesses }: Attempt) {
      heard.run(user, source, method, JSON.stringify(witnesses), id)
    },
    forget: (beforeMs: number) => void forget.run(beforeMs),
  }
}

export type Twins = ReturnType<typeof createTwins>

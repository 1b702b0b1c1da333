// Where the reading of each watched log stopped. Whoever calls decides on transactions.
import type { Database } from './database.ts'

export function createPositions(db: Database) {
  const one = db.prepare('SELECT json FROM position WHERE source = ?')
  const put = db.prepare('INSERT OR REPLACE INTO position (source, json) VALUES (?, ?)')

  return {
    get<T>(source: string): T | null {
      const row = one.get(source)
      return row === undefined ? null : JSON.parse(String(row.json))
    },
    put: (source: string, position: unknown) => void put.run(source, JSON.stringify(position)),
  }
}

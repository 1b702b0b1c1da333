// Opening the SQLite database so that a commit is on disk when it returns, and bringing its schema
// up to date. It knows no table by name but its own version.
import { DatabaseSync } from 'node:sqlite'
import { PamAlertError } from '../model/errors.ts'
import { migrations } from './schema.ts'

/** synchronous is a setting of the connection, not of the file: FULL must be said at every open. */
const PRAGMAS = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA busy_timeout = 5000;
  PRAGMA temp_store = MEMORY;
`

export type Database = DatabaseSync

function openFile(path: string): Database {
  try {
    return new DatabaseSync(path)
  } catch (error) {
    throw new PamAlertError('store_unusable', `${path}: ${(error as Error).message}`)
  }
}

/** @throws {PamAlertError} store_unusable; store_newer, before anything is written, if a later release made the file */
export function openDatabase(path: string): Database {
  const db = openFile(path)
  const version = Number(db.prepare('PRAGMA user_version').get()?.user_version)
  if (version > migrations.length) {
    db.close()
    throw new PamAlertError('store_newer', `${path} has schema ${version}; this release knows ${migrations.length}`)
  }
  db.exec(PRAGMAS)
  for (const [i, statements] of migrations.entries()) {
    if (i < version) continue
    transaction(db, () => db.exec(`${statements}; PRAGMA user_version = ${i + 1}`))
  }
  return db
}

/** For the command, while the relay may or may not be running. */
export function openReadOnly(path: string): Database {
  return new DatabaseSync(path, { readOnly: true, timeout: 5000 })
}

/** Runs `work` in one transaction; rolls back and throws on if it throws. */
export function transaction<T>(db: Database, work: () => T): T {
  db.exec('BEGIN IMMEDIATE')
  try {
    const result = work()
    db.exec('COMMIT')
    return result
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK')
    throw error
  }
}

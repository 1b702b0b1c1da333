// Opening the SQLite database so that a commit is on disk when it returns, bringing its schema up to
// date, and telling apart what can go wrong with it. It knows no table but the schema's own.
import { existsSync, renameSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { PamAlertError } from '../model/errors.ts'
import { migrations } from './schema.ts'

/**
 * A commit is on disk when it returns. These are settings of the connection, not of the file: they must
 * be said at every open. What was written ahead is moved into the file elsewhere, so that nobody waits for it.
 */
const AT_ONCE = 'PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0'
/** A commit is on disk with the next one AT_ONCE; the log is moved into the file when it is this many pages long. */
const IN_TIME = 'PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 1000'

const PRAGMAS = `
  PRAGMA auto_vacuum = INCREMENTAL;
  PRAGMA journal_mode = WAL;
  PRAGMA busy_timeout = 5000;
  PRAGMA temp_store = MEMORY;
  ${AT_ONCE};
`

export type Database = DatabaseSync

/**
 * corrupt: the file is damaged. sync: the disk lost what it had promised to write; nothing that this
 * process believes to be on disk may be believed any more. other: full, unreachable …, and may pass.
 */
export type StoreFault = 'corrupt' | 'sync' | 'other'

/** https://www.sqlite.org/rescode.html */
const SQLITE_CORRUPT = 11
const SQLITE_NOTADB = 26
const SQLITE_IOERR_FSYNC = 1034
const SQLITE_IOERR_DIR_FSYNC = 1290

/** null: it isn't the database that threw this. */
export function storeFaultOf(error: unknown): StoreFault | null {
  const { code, errcode } = error as { code?: unknown; errcode?: unknown }
  if (code !== 'ERR_SQLITE_ERROR' || typeof errcode !== 'number') return null
  if (errcode === SQLITE_IOERR_FSYNC || errcode === SQLITE_IOERR_DIR_FSYNC) return 'sync'
  const primary = errcode & 0xff
  return primary === SQLITE_CORRUPT || primary === SQLITE_NOTADB ? 'corrupt' : 'other'
}

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
  try {
    const version = Number(db.prepare('PRAGMA user_version').get()?.user_version)
    if (version > migrations.length)
      throw new PamAlertError('store_newer', `${path} has schema ${version}; this release knows ${migrations.length}`)
    db.exec(PRAGMAS)
    for (const [i, statements] of migrations.entries()) {
      if (i < version) continue
      transaction(db, () => db.exec(`${statements}; PRAGMA user_version = ${i + 1}`))
    }
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

/** At this size every write fails as on a full disk. It holds until it is said again. */
export function limitSize(db: Database, bytes: number) {
  const pageSize = Number(db.prepare('PRAGMA page_size').get()?.page_size)
  db.exec(`PRAGMA max_page_count = ${Math.max(1, Math.floor(bytes / pageSize))}`)
}

/** Moves a damaged database out of the way, whole, for whoever wants to look. @returns its new name */
export function moveAside(path: string, now: number): string {
  const aside = `${path}.damaged-${new Date(now).toISOString().replace(/[:.]/g, '-')}`
  for (const suffix of ['-wal', '-shm', '']) if (existsSync(path + suffix)) renameSync(path + suffix, aside + suffix)
  return aside
}

/** For the command, while the relay may or may not be running. */
export function openReadOnly(path: string): Database {
  return new DatabaseSync(path, { readOnly: true, timeout: 5000 })
}

/** Runs `work` in one transaction that is on disk when this returns; rolls back and throws on if it throws. */
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

/**
 * The same for what follows from events that are on disk, and nobody is promised: the death of the process
 * undoes none of it, a power cut may undo the last of it, whole transactions in order; then it is done again.
 */
export function derived<T>(db: Database, work: () => T): T {
  db.exec(IN_TIME)
  try {
    return transaction(db, work)
  } finally {
    db.exec(AT_ONCE)
  }
}

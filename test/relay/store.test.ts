import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import { describe, type TestContext, test } from 'node:test'
import { pino } from 'pino'
import { openDatabase } from '../../relay/db/database.ts'
import type { EventRecord, Host } from '../../relay/model/event.ts'
import { createStore } from '../../relay/store.ts'
import { loginEvent } from '../helpers/alerts.ts'
import { settle } from '../helpers/clock.ts'
import { openTables } from '../helpers/database.ts'

const host: Host = { name: 'web-1', machine_id: 'm', boot_id: 'b' }
const log = pino({ level: 'silent' })

function open(t: TestContext, path?: string, onward: (record: EventRecord) => void = () => {}) {
  const tables = openTables(t, path)
  const store = createStore({ db: tables.db, events: tables.events, host, log, onward })
  tables.beforeClose(store.stop)
  const close = () => {
    store.stop()
    tables.db.close()
  }
  return { ...tables, store, close }
}

describe('the store', () => {
  test('has the event on disk when it acknowledges', async (t) => {
    const { store, path } = open(t)
    const event = loginEvent()
    assert.deepEqual(await store.append(event), { id: event.id, seq: 1, repeated: false })
    const other = new DatabaseSync(path, { readOnly: true })
    t.after(() => other.close())
    const row = other.prepare('SELECT record FROM event WHERE seq = 1').get()
    assert.deepEqual(JSON.parse(String(row?.record)), { ...event, host, seq: 1 })
  })

  test('is opened so that a commit survives a power cut', (t) => {
    const { db, path } = open(t)
    const pragma = (name: string) => Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0]
    assert.deepEqual([pragma('journal_mode'), pragma('synchronous')], ['wal', 2])
    db.close()
    const again = openDatabase(path)
    assert.equal(again.prepare('PRAGMA synchronous').get()?.synchronous, 2)
    again.close()
  })

  test('takes an id once, in one commit and over several', async (t) => {
    const { store, events } = open(t)
    const event = loginEvent()
    const receipts = await Promise.all([store.append(event), store.append(event)])
    assert.deepEqual(
      receipts.map(({ seq, repeated }) => [seq, repeated]),
      [
        [1, false],
        [1, true],
      ],
    )
    assert.equal((await store.append(event)).repeated, true)
    assert.equal(events.head()?.seq, 1)
  })

  test('numbers without gaps and chains every record to the one before, over restarts', async (t) => {
    const first = open(t)
    await Promise.all(Array.from({ length: 50 }, () => first.store.append(loginEvent())))
    await settle()
    first.close()
    const second = open(t, first.path)
    await second.store.append(loginEvent())
    const rows = second.db.prepare('SELECT seq, record, hash FROM event ORDER BY seq').all()
    assert.deepEqual(
      rows.map(({ seq }) => seq),
      Array.from({ length: 51 }, (_, i) => i + 1),
    )
    let hash: Uint8Array = new Uint8Array(32)
    for (const row of rows) {
      hash = createHash('sha256').update(hash).update(String(row.record)).digest()
      assert.deepEqual(new Uint8Array(hash), row.hash)
    }
  })

  test('hands each event on once and in order, and goes on where an earlier run stopped', async (t) => {
    const seen: number[] = []
    let broken = true
    const first = open(t, undefined, ({ seq }) => {
      if (seq === 3 && broken) throw new Error('killed here')
      seen.push(seq)
    })
    const crashes: unknown[] = []
    const caught = (error: unknown) => crashes.push(error)
    process.on('uncaughtException', caught)
    t.after(() => process.off('uncaughtException', caught))
    await first.store.append(loginEvent())
    await first.store.append(loginEvent())
    await settle()
    assert.deepEqual(seen, [1, 2])
    first.close()

    broken = false
    seen.length = 0
    const second = open(t, first.path, ({ seq }) => seen.push(seq))
    await second.store.append(loginEvent())
    await settle()
    assert.deepEqual(seen, [3])
  })

  test('refuses a file of a later release and leaves it alone', (t) => {
    const { db, path } = open(t)
    db.exec('PRAGMA user_version = 99')
    db.close()
    assert.throws(() => openDatabase(path), { code: 'store_newer' })
    const raw = new DatabaseSync(path, { readOnly: true })
    assert.equal(raw.prepare('PRAGMA user_version').get()?.user_version, 99)
    raw.close()
  })

  test('rejects, and forgets the number, when it could not store', async (t) => {
    const { store, db, events } = open(t)
    await store.append(loginEvent())
    db.exec('CREATE TEMP TRIGGER fail BEFORE INSERT ON main.event BEGIN SELECT RAISE(ABORT, "disk full"); END')
    await assert.rejects(store.append(loginEvent()), /disk full/)
    db.exec('DROP TRIGGER fail')
    assert.equal((await store.append(loginEvent())).seq, 2)
    assert.equal(events.head()?.seq, 2)
  })
})

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import { describe, type TestContext, test } from 'node:test'
import { pino } from 'pino'
import { openDatabase } from '../../relay/db/database.ts'
import type { EventRecord, Host } from '../../relay/model/event.ts'
import { createStore, ONWARD_APART_MS } from '../../relay/store.ts'
import { loginEvent } from '../helpers/alerts.ts'
import { manualClock, settle } from '../helpers/clock.ts'
import { openTables } from '../helpers/database.ts'
import { onEnd } from '../helpers/temp.ts'

const host: Host = { name: 'web-1', machine_id: 'm', boot_id: 'b' }
const log = pino({ level: 'silent' })

function open(t: TestContext, path?: string, onward: (record: EventRecord) => void = () => {}) {
  const tables = openTables(t, path)
  const clock = manualClock()
  const told: string[] = []
  const store = createStore({
    db: tables.db,
    events: tables.events,
    host,
    clock,
    log,
    unsettled: () => null,
    onward,
    stumbled: ({ seq }, error) => told.push(`stumbled over ${seq}: ${(error as Error).message}`),
    failing: (error) => told.push(`failing: ${(error as Error).message}`),
    recovered: () => told.push('recovered'),
  })
  tables.beforeClose(store.stop)
  const close = () => {
    store.stop()
    tables.db.close()
  }
  return { ...tables, store, clock, told, close }
}

describe('the store', () => {
  test('has the event on disk when it acknowledges', async (t) => {
    const { store, path } = open(t)
    const event = loginEvent()
    assert.deepEqual(await store.append(event), { id: event.id, seq: 1, repeated: false })
    const other = new DatabaseSync(path, { readOnly: true })
    onEnd(t, () => other.close())
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
    const first = open(t, undefined, ({ seq }) => seen.push(seq))
    await first.store.append(loginEvent())
    await first.store.append(loginEvent())
    await first.clock.advance(ONWARD_APART_MS)
    assert.deepEqual(seen, [1, 2])
    await first.store.append(loginEvent())
    // Acknowledged, and the process ends before it is handed on.
    first.close()

    const second = open(t, first.path, ({ seq }) => seen.push(seq))
    second.store.resume()
    await settle()
    assert.deepEqual(seen, [1, 2, 3])
  })

  test('hands on a lone event at once, and those that come right after it together: logins go first', async (t) => {
    const seen: number[] = []
    const { store, clock } = open(t, undefined, ({ seq }) => seen.push(seq))
    await store.append(loginEvent())
    await settle()
    assert.deepEqual(seen, [1])
    await store.append(loginEvent())
    await clock.advance(ONWARD_APART_MS - 1)
    await store.append(loginEvent())
    assert.deepEqual(seen, [1])
    await clock.advance(1)
    assert.deepEqual(seen, [1, 2, 3])
  })

  test('an event that nobody behind can deal with is told of, and holds up none', async (t) => {
    const seen: number[] = []
    const { store, told } = open(t, undefined, ({ seq }) => {
      if (seq === 2) throw new TypeError('oops')
      seen.push(seq)
    })
    await Promise.all([store.append(loginEvent()), store.append(loginEvent()), store.append(loginEvent())])
    await settle()
    assert.deepEqual([seen, told], [[1, 3], ['stumbled over 2: oops']])
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

  /** From now on every write of events fails, as it would on a full disk. */
  const fill = (db: DatabaseSync) =>
    db.exec(`PRAGMA max_page_count = ${db.prepare('PRAGMA page_count').get()?.page_count}`)
  const empty = (db: DatabaseSync) => db.exec('PRAGMA max_page_count = 1000000')
  const large = () => loginEvent({ user: 'x'.repeat(4000), ruser: 'x'.repeat(4000), rhost: 'x'.repeat(4000) })

  test('rejects on a full disk, tells it once, and tries by itself until it works again', async (t) => {
    const { store, db, events, clock, told } = open(t)
    await store.append(loginEvent())
    fill(db)
    await assert.rejects(store.append(large()), /full/)
    await assert.rejects(store.append(large()), /full/)
    assert.equal(store.health().last_error, 'database or disk is full')
    assert.deepEqual(told, ['failing: database or disk is full'])
    empty(db)
    await clock.advance(5000)
    assert.deepEqual([told.at(-1), store.health().last_error], ['recovered', null])
    assert.equal((await store.append(loginEvent())).seq, 2, 'no number was used up')
    assert.equal(events.head()?.seq, 2)
  })

  test('what could not be handed on for want of space is handed on later', async (t) => {
    const seen: number[] = []
    const { store, db, clock } = open(t, undefined, ({ seq }) => {
      db.exec(`CREATE TABLE IF NOT EXISTS filler (x TEXT); INSERT INTO filler VALUES (hex(zeroblob(100000)))`)
      seen.push(seq)
    })
    await store.append(loginEvent())
    fill(db)
    await settle()
    assert.deepEqual(seen, [])
    empty(db)
    await clock.advance(5000)
    assert.deepEqual(seen, [1])
  })
})

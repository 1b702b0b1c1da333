import assert from 'node:assert/strict'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { pino } from 'pino'
import { verifyChain } from '../../relay/cli/verify.ts'
import { transaction } from '../../relay/db/database.ts'
import { createPruning } from '../../relay/db/pruning.ts'
import { createSeen } from '../../relay/db/seen.ts'
import { enrich } from '../../relay/enrich.ts'
import type { Host, LoginEvent } from '../../relay/model/event.ts'
import { createRetention } from '../../relay/retention.ts'
import { openHostKey } from '../../relay/sign.ts'
import { createStore, ONWARD_APART_MS } from '../../relay/store.ts'
import { alertOf, loginEvent } from '../helpers/alerts.ts'
import { manualClock } from '../helpers/clock.ts'
import { openTables } from '../helpers/database.ts'
import { tempDir } from '../helpers/temp.ts'

const log = pino({ level: 'silent' })
const host: Host = { name: 'web-1', machine_id: null, boot_id: null }
const DAY = 86_400_000
const HOUR = 3_600_000

/** A store of events, each as old as it is told. */
function open(t: TestContext) {
  const tables = openTables(t)
  const clock = manualClock()
  const key = openHostKey(join(tempDir(t), 'host.key'))
  const pruning = createPruning(tables.db)
  const fail = (error: unknown) => assert.fail(String(error))
  const store = createStore({
    ...{ db: tables.db, events: tables.events, host, clock, log, failing: fail, stumbled: fail },
    unsettled: () => null,
    recovered: () => {},
    onward: (record) => tables.events.annotate(record, enrich(record)),
  })
  const retention = createRetention({
    ...{ pruning, clock, log, storeFailed: fail },
    atomically: (work) => transaction(tables.db, work),
    sign: (text) => key.sign(text).toString('base64'),
  })
  tables.beforeClose(store.stop)
  tables.beforeClose(retention.stop)
  return {
    ...tables,
    ...{ clock, pruning, retention, key },
    async store(count: number, ageMs = 0, fields: Partial<LoginEvent> = {}) {
      const time = new Date(clock.now() - ageMs).toISOString().replace('Z', '000Z')
      await Promise.all(Array.from({ length: count }, () => store.append(loginEvent({ time, ...fields }))))
      await clock.advance(count * ONWARD_APART_MS)
    },
    keep(maxEvents: number | null, maxAgeMs = 400 * DAY, storeMaxBytes = 2 ** 40) {
      retention.configure({ maxEvents, maxAgeMs }, storeMaxBytes)
      retention.start()
    },
    seqs: () =>
      tables.db
        .prepare('SELECT seq FROM event ORDER BY seq')
        .all()
        .map(({ seq }) => Number(seq)),
    verdict: (witnessed: { seq: number; hash: string } | null = null) =>
      verifyChain(tables.path, witnessed, key.verify),
  }
}

const upFrom = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, i) => first + i)

describe('retention', () => {
  test('keeps so many events, takes the oldest a few at a time, and logins go on between', async (t) => {
    const { store, keep, seqs, clock, verdict, db } = open(t)
    await store(1000)
    keep(100)
    assert.equal(seqs().length, 744, 'one batch at once')
    await store(1)
    await clock.advance(60_000)
    assert.deepEqual(seqs(), upFrom(902, 1001))
    assert.equal(db.prepare('SELECT count(*) AS n FROM meaning').get()?.n, 100)
    const { broken, pruned, events } = verdict()
    assert.deepEqual([broken, pruned?.seq, events], [null, 901, 100])
  })

  test('goes by age, once the clock has been steady for an hour', async (t) => {
    const { store, keep, seqs, clock } = open(t)
    await store(3, 500 * DAY)
    await store(2)
    clock.setWall(clock.now() + 3650 * DAY)
    keep(null)
    await clock.advance(HOUR / 2)
    clock.setWall(clock.now() - 3650 * DAY)
    await clock.advance(HOUR / 2)
    assert.equal(seqs().length, 5, 'a clock that jumps is not believed')
    await clock.advance(HOUR)
    assert.deepEqual(seqs(), [4, 5])
    await clock.advance(2 * DAY)
    assert.deepEqual(seqs(), [4, 5])
  })

  test('makes room before the store is full, and gives it back', async (t) => {
    const { store, keep, pruning, clock, seqs, path, db } = open(t)
    await store(3000)
    const used = pruning.usedBytes()
    keep(null, 400 * DAY, used / 2)
    await clock.advance(HOUR)
    assert.ok(pruning.usedBytes() <= (used * 7) / 16)
    assert.ok(seqs().length > 500 && seqs().at(-1) === 3000, `${seqs().length} left`)
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    assert.ok(statSync(path).size < (used * 3) / 4, `${statSync(path).size} of ${used}`)
  })

  test('leaves what is needed: open groups, messages that wait, dead letters, what was seen, the newest event', async (t) => {
    const { store, keep, seqs, clock, groups, deliveries, db } = open(t)
    const seen = createSeen(db)
    seen.learn({ user: 'alice', asker: '', facts: [['service', 'sshd']] }, 1)
    await store(10)
    for (const key of ['pending', 'dead', 'delivered']) deliveries.add('ops', key, alertOf(), clock.now())
    const [, dead, delivered] = deliveries.next('ops', 0, 3)
    assert.ok(dead && delivered)
    deliveries.dead(dead, 1, 'no', clock.now())
    deliveries.delivered(delivered.id, 1, null, clock.now())
    db.exec('UPDATE delivery SET seq = 1')
    db.exec(`INSERT INTO grouped (key, notifier, held, seen, last_seq, priority, interval_ms, level, cooling, due_ms)
      VALUES ('k', 'ops', 1, '{}', 5, 0, 1, 0, 0, 1)`)
    keep(1)
    await clock.advance(HOUR)
    assert.deepEqual(seqs(), upFrom(5, 10))
    assert.deepEqual(
      db
        .prepare('SELECT state FROM delivery ORDER BY id')
        .all()
        .map(({ state }) => state),
      ['pending', 'dead'],
    )
    for (const group of groups.all()) groups.remove(group)
    await clock.advance(HOUR)
    assert.deepEqual(seqs(), [10])
    assert.deepEqual(seen.unseen({ user: 'alice', asker: '', facts: [['service', 'sshd']] }), [])
  })

  test('one cut a day is remembered', async (t) => {
    const { store, keep, clock, pruning } = open(t)
    keep(1)
    for (let day = 0; day < 3; day++) {
      await store(300)
      await clock.advance(DAY)
      await store(300)
      await clock.advance(HOUR)
    }
    assert.equal(new Set(pruning.cuts().map(({ time }) => time.slice(0, 10))).size, pruning.cuts().length)
    assert.deepEqual([pruning.cuts().length, pruning.cuts()[0]?.seq], [4, 1799])
  })
})

describe('verify, after pruning', () => {
  async function pruned(t: TestContext) {
    const site = open(t)
    await site.store(20)
    const before = site.verdict()
    site.keep(10)
    await site.clock.advance(HOUR)
    return { ...site, before }
  }

  test('proves the rest, and tells what went on purpose from what somebody took', async (t) => {
    for (const [sql, seq, reason] of [
      ['DELETE FROM event WHERE seq IN (11, 12)', 11, /missing/],
      ['DELETE FROM event WHERE seq = 15', 15, /missing/],
      ['DELETE FROM event', 11, /missing/],
      ['DELETE FROM cut', 1, /missing/],
      ['UPDATE cut SET seq = 9', 9, /has not signed/],
      ["UPDATE cut SET time = '2020-01-01T00:00:00.000Z'", 10, /has not signed/],
      ['INSERT INTO event SELECT 7, id || 7, record, hash FROM event WHERE seq = 15', 7, /is here again/],
    ] as const) {
      const { db, verdict } = await pruned(t)
      assert.equal(verdict().broken, null)
      db.exec(`PRAGMA foreign_keys = OFF; ${sql}`)
      const { broken } = verdict()
      assert.match(broken?.reason ?? 'whole', reason, sql)
      assert.equal(broken?.seq, seq, sql)
    }
  })

  test('a head that was witnessed is still on the chain, or behind the cut', async (t) => {
    const { verdict, before, pruning } = await pruned(t)
    assert.equal(verdict({ seq: 20, hash: before.hash }).broken, null)
    assert.equal(verdict({ seq: 20, hash: '0'.repeat(64) }).broken?.seq, 20)
    assert.equal(verdict({ seq: 5, hash: '0'.repeat(64) }).broken, null, 'nothing tells of it any more')
    const hash = Buffer.from(pruning.cuts()[0]?.hash ?? []).toString('hex')
    assert.equal(verdict({ seq: 10, hash }).broken, null)
    assert.equal(verdict({ seq: 10, hash: '0'.repeat(64) }).broken?.seq, 10)
  })

  test('whatever comes and goes, the chain holds and what is kept is the newest', async (t) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ events: fc.nat(40), keep: fc.integer({ min: 1, max: 60 }) }), {
          minLength: 1,
          maxLength: 6,
        }),
        async (rounds) => {
          const { store, keep, clock, verdict, seqs } = open(t)
          let total = 0
          for (const round of rounds) {
            await store(round.events)
            total += round.events
            keep(round.keep)
            await clock.advance(60_000)
            if (total > 0) assert.equal(seqs().at(-1), total)
            assert.ok(seqs().length <= round.keep)
            assert.equal(verdict().broken, null)
          }
        },
      ),
      { numRuns: 12 },
    )
  })
})

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { pino } from 'pino'
import { createBudgets } from '../../../relay/db/budgets.ts'
import { openDatabase } from '../../../relay/db/database.ts'
import { createDeliveries } from '../../../relay/db/deliveries.ts'
import { createDelivery } from '../../../relay/deliver.ts'
import type { Alert, Priority } from '../../../relay/model/alert.ts'
import { limitsFrom, type RawBudget } from '../../../relay/model/config/budget.ts'
import { delivered, type Outcome, type Quota, retry } from '../../../relay/model/outcome.ts'
import { alertOf } from '../../helpers/alerts.ts'
import { type ManualClock, manualClock } from '../../helpers/clock.ts'
import { onEnd, type Scope, tempDir } from '../../helpers/temp.ts'

const MINUTE = 60_000
const DAY = 1440 * MINUTE
const refusedFrom = (rhost: string) => alertOf({ type: 'auth', outcome: 'failure', user: 'root', rhost })
const failed = (error: unknown) => assert.fail(error as Error)

interface Sent {
  alert: Alert
  at: number
}

/** A relay's delivery stage with one notifier, over a file that outlives it. */
function start(t: Scope, path: string, clock: ManualClock, budget: RawBudget, answer: () => Outcome = delivered) {
  const db = openDatabase(path)
  const sent: Sent[] = []
  const delivery = createDelivery({
    deliveries: createDeliveries(db),
    budgets: createBudgets(db),
    clock,
    log: pino({ level: 'silent' }),
    random: () => 1,
    alarm: () => {},
    rings: () => {},
    storeFailed: failed,
  })
  const ops = {
    async send(alert: Alert) {
      const outcome = answer()
      if (outcome.kind === 'delivered') sent.push({ alert, at: clock.now() })
      return outcome
    },
  }
  const configure = (raw: RawBudget) => delivery.configure(new Map([['ops', ops]]), new Map([['ops', limitsFrom(raw)]]))
  configure(budget)
  const stop = () => {
    delivery.stop()
    if (db.isOpen) db.close()
  }
  onEnd(t, stop)
  return {
    db,
    sent,
    delivery,
    configure,
    stop,
    add: (alert: Alert, key: string = randomUUID()) => delivery.add('ops', key, alert),
    sum: () => sent.reduce((sum, { alert }) => sum + alert.count, 0),
    texts: () => sent.map(({ alert }) => alert.text),
  }
}

function machine(t: TestContext, budget: RawBudget, answer?: () => Outcome) {
  const clock = manualClock()
  const path = join(tempDir(t), 'relay.db')
  return { clock, path, ...start(t, path, clock, budget, answer) }
}

describe('a budget', () => {
  test('lets half go at once; what it has no room for comes as one that counts', async (t) => {
    const { clock, add, sent, texts, delivery } = machine(t, { per_15m: 4 })
    for (const rhost of ['192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.3']) add(refusedFrom(rhost))
    add(alertOf({ user: 'alice' }))
    await clock.advance(MINUTE)
    assert.equal(sent.length, 2)
    const { pending, oldest_s, held_until } = delivery.health().ops ?? {}
    assert.deepEqual([pending, oldest_s, held_until], [1, 60, '2026-11-20T14:53:36.000Z'])
    await clock.advance(15 * MINUTE)
    assert.equal(
      texts()[2],
      'web-1: 3 more alerts: 2 refused logins and 1 login from 2 sources; the last login: alice logged in to web-1 (sshd) from 192.0.2.7',
    )
    assert.equal(sent[2]?.alert.count, 3)
    assert.equal(sent.length, 3)
  })

  test('names who got in, however many refusals are folded behind', async (t) => {
    const first = machine(t, { per_15m: 1 })
    const { clock, path } = first
    first.add(refusedFrom('192.0.2.1'))
    await clock.advance(0)
    for (const user of ['bob', 'alice']) first.add(alertOf({ user, rhost: '203.0.113.9' }))
    first.add(refusedFrom('192.0.2.2'))
    await clock.advance(MINUTE)
    first.stop()
    const { add, texts } = start(t, path, clock, { per_15m: 1 })
    for (let n = 0; n < 40; n++) {
      add(refusedFrom('192.0.2.2'))
      await clock.advance(1000)
    }
    await clock.advance(15 * MINUTE)
    assert.deepEqual(texts(), [
      'web-1: 43 more alerts: 2 logins and 41 refused logins from 2 sources; the last login: alice logged in to web-1 (sshd) from 203.0.113.9',
    ])
  })

  test('one that waits alone goes as it is', async (t) => {
    const { clock, add, texts } = machine(t, { per_15m: 1 })
    add(alertOf({ user: 'alice' }))
    add(alertOf({ user: 'bob' }))
    await clock.advance(16 * MINUTE)
    assert.deepEqual(texts(), [
      'alice logged in to web-1 (sshd) from 192.0.2.7',
      'bob logged in to web-1 (sshd) from 192.0.2.7',
    ])
  })

  test('holds over any 15 minutes and any day, and spreads what is left', async (t) => {
    const { clock, add, sent, sum } = machine(t, { per_15m: 8, per_day: 100 })
    for (let minute = 0; minute < 1500; minute++) {
      add(refusedFrom('192.0.2.1'))
      await clock.advance(MINUTE)
    }
    const times = sent.map(({ at }) => at)
    for (const [i, at] of times.entries()) {
      assert.ok(times.slice(i).filter((other) => other < at + 15 * MINUTE).length <= 8)
      assert.ok(times.slice(i).filter((other) => other < at + DAY).length <= 100)
      // A quarter of 100 messages, evenly over a day, is one per 58 minutes.
      assert.ok((times[i + 1] ?? at) - at <= 60 * MINUTE)
    }
    await clock.advance(60 * MINUTE)
    assert.equal(sum(), 1500)
  })

  test('keeps a quarter for what is urgent, which goes first and as it is', async (t) => {
    const { clock, add, sent } = machine(t, { per_day: 8 })
    for (let i = 0; i < 20; i++) add(refusedFrom('192.0.2.1'))
    add({ ...alertOf({ user: 'mallory' }), priority: 1 })
    await clock.advance(0)
    assert.match(sent[0]?.alert.text ?? '', /^mallory/)
    for (let i = 0; i < 40; i++) {
      add(refusedFrom('192.0.2.1'))
      await clock.advance(20 * MINUTE)
    }
    const usual = sent.filter(({ alert }) => alert.priority === 0).length
    for (let i = 0; i < 2; i++) add({ ...alertOf({ user: 'mallory' }), priority: 2 })
    await clock.advance(0)
    assert.ok(usual <= 6)
    assert.ok(sent.filter(({ alert }) => alert.priority > 0).length >= 2)
    assert.ok(sent.length <= 8)
  })

  test('is kept over a restart, and by a wall clock that is set back no longer than it is long', async (t) => {
    const { clock, path, add, sent, stop } = machine(t, { per_day: 2 })
    add(alertOf())
    await clock.advance(0)
    add({ ...alertOf(), priority: 1 })
    await clock.advance(0)
    assert.equal(sent.length, 2)
    stop()
    const second = start(t, path, clock, { per_day: 2 })
    second.add({ ...alertOf(), priority: 1 })
    await clock.advance(MINUTE)
    assert.equal(second.sent.length, 0)
    clock.setWall(clock.now() - 400 * DAY)
    await clock.advance(DAY + 31 * MINUTE)
    assert.equal(second.sent.length, 1)
  })

  test('believes what the service says is left', async (t) => {
    let quota: Quota = { name: 'month', messages: 100, remaining: 60, resetInMs: 10 * DAY }
    const { clock, add, sent, delivery } = machine(t, {}, () => {
      quota = { ...quota, remaining: quota.remaining - 1 }
      return { ...delivered(), quotas: [quota] }
    })
    for (let i = 0; i < 30; i++) add(refusedFrom('192.0.2.1'))
    await clock.advance(0)
    // The first tells that there is a limit; up to its half each goes at once.
    assert.equal(sent.length, 10)
    assert.deepEqual(delivery.health().ops?.budget, [
      { per: 'month', messages: 100, left: 50, reset: new Date(clock.now() + 10 * DAY).toISOString() },
    ])
    quota = { ...quota, remaining: 1 }
    await clock.advance(DAY)
    assert.equal(sent.length, 11)
    assert.equal(sent[10]?.alert.count, 20)
    add(alertOf())
    await clock.advance(8 * DAY)
    assert.equal(sent.length, 11)
    add({ ...alertOf(), priority: 1 })
    quota = { ...quota, remaining: 100 }
    await clock.advance(3 * DAY)
    assert.equal(sent.length, 13)
  })

  test('a message that was not taken costs nothing', async (t) => {
    let down = true
    const { clock, add, sent } = machine(t, { per_day: 8 }, () => (down ? retry('down') : delivered()))
    add(alertOf())
    await clock.advance(8 * 60 * MINUTE)
    down = false
    add({ ...alertOf(), priority: 1 })
    add({ ...alertOf(), priority: 1 })
    await clock.advance(10 * MINUTE)
    assert.equal(sent.length, 3)
  })

  test('what was folded says so: its event is told with the digest', async (t) => {
    const { clock, add, db } = machine(t, { per_15m: 1 })
    const alerts = [alertOf(), alertOf(), alertOf()]
    for (const alert of alerts) add(alert)
    await clock.advance(16 * MINUTE)
    assert.deepEqual(
      alerts.map(({ record }) =>
        createDeliveries(db)
          .ofEvent(record?.seq ?? 0)
          .map(({ state, digest }) => [state, digest]),
      ),
      [[['delivered', null]], [['delivered', 2]], [['delivered', 2]]],
    )
  })

  test('loses no count, whatever comes, fails, is restarted or moved', async (t) => {
    const step = fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({ add: fc.integer({ min: 1, max: 5 }), priority: fc.constantFrom(-1, 0, 0, 0, 1) }),
      },
      { weight: 4, arbitrary: fc.record({ minutes: fc.integer({ min: 0, max: 600 }) }) },
      fc.record({ jumpHours: fc.integer({ min: -900, max: 900 }) }),
      fc.record({ restart: fc.constant(true) }),
      fc.record({ down: fc.boolean() }),
      fc.record({ said: fc.integer({ min: 0, max: 20 }) }),
    )
    const budget = fc.record(
      {
        per_15m: fc.integer({ min: 1, max: 6 }),
        per_day: fc.integer({ min: 1, max: 9 }),
        per_month: fc.integer({ min: 1, max: 30 }),
      },
      { requiredKeys: [] },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), budget, async (steps, raw) => {
        const path = join(tempDir(t), 'relay.db')
        const clock = manualClock()
        let down = false
        let quotas: Quota[] = []
        const answer = (): Outcome => ({ ...(down ? retry('down') : delivered()), quotas })
        let now = start(t, path, clock, raw, answer)
        let [expected, arrived, keys] = [0, 0, 0]
        const restart = () => {
          arrived += now.sum()
          now.stop()
          now = start(t, path, clock, raw, answer)
        }
        for (const does of steps) {
          if ('add' in does) {
            const alert = {
              ...refusedFrom(`192.0.2.${does.add}`),
              count: does.add,
              priority: does.priority as Priority,
            }
            now.add(alert, `key ${keys++}`)
            expected += does.add
          } else if ('minutes' in does) await clock.advance(does.minutes * MINUTE)
          else if ('jumpHours' in does) clock.setWall(clock.now() + does.jumpHours * 60 * MINUTE)
          else if ('restart' in does) restart()
          else if ('down' in does) down = does.down
          else quotas = [{ name: 'day', messages: 20, remaining: does.said, resetInMs: DAY }]
          const rows = now.db
            .prepare(
              `SELECT id FROM delivery d WHERE state <> 'folded' AND count <>
                 coalesce((SELECT sum(count) FROM delivery f WHERE f.folded_into = d.id), count)`,
            )
            .all()
          assert.deepEqual(rows, [], 'a digest counts what was folded into it')
        }
        down = false
        quotas = [{ name: 'day', messages: 20, remaining: 20, resetInMs: DAY }]
        now.configure({})
        for (let day = 0; day < 40; day++) await clock.advance(DAY)
        assert.equal(arrived + now.sum(), expected)
        now.stop()
      }),
      { numRuns: 40 },
    )
  })
})

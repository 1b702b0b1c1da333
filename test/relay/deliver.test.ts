import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { pino } from 'pino'
import { BACKOFF } from '../../relay/deliver/lane.ts'
import { createDelivery } from '../../relay/deliver.ts'
import { delivered, type Outcome, partly, refused, retry } from '../../relay/model/outcome.ts'
import type { Attempt, Notifier } from '../../relay/notifiers/notifier.ts'
import { alertOf } from '../helpers/alerts.ts'
import { type ManualClock, manualClock } from '../helpers/clock.ts'
import { openTables } from '../helpers/database.ts'
import { onEnd } from '../helpers/temp.ts'

const log = pino({ level: 'silent' })
const MINUTE = 60_000

type Behaviour = (attempt: Attempt, nth: number) => Outcome | Promise<Outcome>

/** A notifier that does what the test says, and remembers what it was asked. */
function scripted(behaviour: Behaviour): Notifier & { keys: string[] } {
  const keys: string[] = []
  return {
    keys,
    async send(_, attempt) {
      keys.push(attempt.key)
      return behaviour(attempt, keys.length)
    },
  }
}

function start(t: TestContext, notifiers: Record<string, Notifier>, more: { clock?: ManualClock; path?: string } = {}) {
  const { clock = manualClock(), path } = more
  const tables = openTables(t, path)
  const alarms: string[] = []
  const failures: unknown[] = []
  const ringing: [key: string, receipt: string][] = []
  const delivery = createDelivery({
    deliveries: tables.deliveries,
    budgets: tables.budgets,
    clock,
    log,
    // The longest of what full jitter may draw.
    random: () => 1,
    attemptMs: 30_000,
    alarm: (name, reason) => alarms.push(`${name}: ${reason}`),
    rings: (delivery, receipt) => ringing.push([delivery.key, receipt]),
    storeFailed: (error) => failures.push(error),
  })
  delivery.configure(new Map(Object.entries(notifiers)))
  onEnd(t, () => delivery.stop())
  const state = (key: string) =>
    tables.db.prepare('SELECT state, attempts, detail FROM delivery WHERE key = ?').get(key)
  return { ...tables, clock, delivery, alarms, failures, ringing, state }
}

describe('delivery', () => {
  test('delivers in order, each once, and keeps what came of it', async (t) => {
    const ops = scripted((_, nth) => delivered(`r${nth}`))
    const { delivery, clock, state } = start(t, { ops })
    for (const key of ['a', 'b', 'c']) delivery.add('ops', key, alertOf())
    delivery.add('ops', 'a', alertOf())
    await clock.advance(0)
    assert.deepEqual(ops.keys, ['a', 'b', 'c'])
    assert.deepEqual({ ...state('b') }, { state: 'delivered', attempts: 1, detail: 'r2' })
    assert.equal(delivery.health().ops?.pending, 0)
  })

  test('what rings until somebody answers is followed by its receipt', async (t) => {
    const { delivery, clock, ringing } = start(t, { ops: scripted(() => ({ ...delivered(), rings: 'r1' })) })
    delivery.add('ops', 'a', alertOf())
    await clock.advance(0)
    assert.deepEqual(ringing, [['a', 'r1']])
  })

  test('what fails is tried again, later each time, for as long as it takes', async (t) => {
    const times: number[] = []
    const clock = manualClock()
    const ops = scripted((_, nth) => {
      times.push(clock.monotonic())
      return nth < 20 ? retry('HTTP 503') : delivered()
    })
    const { delivery, state } = start(t, { ops }, { clock })
    delivery.add('ops', 'a', alertOf())
    await clock.advance(24 * 60 * MINUTE)
    const waits = times.slice(1).map((time, i) => time - (times[i] ?? 0))
    const expected = Array.from({ length: 19 }, (_, i) => Math.min(BACKOFF.longestMs, BACKOFF.firstMs * 2 ** i))
    assert.deepEqual(waits, expected)
    assert.equal(state('a')?.state, 'delivered')
  })

  test('a notifier that hangs or fails holds up no other', async (t) => {
    const hanging = scripted(() => new Promise(() => {}))
    const failing = scripted(() => retry('no'))
    const ops = scripted(() => delivered())
    const { delivery, clock } = start(t, { hanging, failing, ops })
    for (const name of ['hanging', 'failing', 'ops'])
      for (const key of ['a', 'b']) delivery.add(name, `${key}.${name}`, alertOf())
    await clock.advance(0)
    assert.deepEqual(ops.keys, ['a.ops', 'b.ops'])
  })

  test('an attempt has a deadline, and its signal tells the notifier', async (t) => {
    let signal: AbortSignal | undefined
    const ops = scripted((attempt, nth) => {
      if (nth > 1) return delivered()
      signal = attempt.signal
      return new Promise(() => {})
    })
    const { delivery, clock, state } = start(t, { ops })
    delivery.add('ops', 'a', alertOf())
    await clock.advance(29_999)
    assert.equal(signal?.aborted, false)
    await clock.advance(1)
    assert.equal(signal?.aborted, true)
    assert.equal(state('a')?.detail, 'no answer within 30000 ms')
    await clock.advance(BACKOFF.firstMs)
    assert.equal(state('a')?.state, 'delivered')
  })

  test('a refused alert goes to the dead letters and holds up none behind it', async (t) => {
    const ops = scripted((_, nth) => (nth === 1 ? refused('HTTP 400') : delivered()))
    const { delivery, clock, state } = start(t, { ops })
    delivery.add('ops', 'a', alertOf())
    delivery.add('ops', 'b', alertOf())
    await clock.advance(0)
    assert.deepEqual([state('a')?.state, state('b')?.state], ['dead', 'delivered'])
    assert.equal(delivery.health().ops?.dead, 1)
  })

  test('one alert that always fails does not keep the others', async (t) => {
    const ops = scripted(({ key }) => (key === 'poison' ? retry('HTTP 500') : delivered()))
    const { delivery, clock, state } = start(t, { ops })
    for (const key of ['poison', 'a', 'b']) delivery.add('ops', key, alertOf())
    await clock.advance(10 * MINUTE)
    assert.deepEqual(
      ['poison', 'a', 'b'].map((key) => state(key)?.state),
      ['pending', 'delivered', 'delivered'],
    )
  })

  test('Retry-After is obeyed, up to an hour', async (t) => {
    for (const [afterMs, waits] of [
      [120_000, 120_000],
      [10 * 60 * MINUTE, 60 * MINUTE],
      [0, BACKOFF.firstMs],
    ] as const) {
      const ops = scripted((_, nth) => (nth === 1 ? retry('HTTP 429', { afterMs }) : delivered()))
      const { delivery, clock } = start(t, { ops })
      delivery.add('ops', 'a', alertOf())
      await clock.advance(waits - 1)
      assert.equal(ops.keys.length, 1)
      await clock.advance(1)
      assert.equal(ops.keys.length, 2)
    }
  })

  test('a notifier that lets nothing in is paused, and the alarm is given once', async (t) => {
    const ops = scripted((_, nth) => (nth < 3 ? retry('HTTP 401', { pause: true }) : delivered()))
    const { delivery, clock, alarms } = start(t, { ops })
    delivery.add('ops', 'a', alertOf())
    delivery.add('ops', 'b', alertOf())
    await clock.advance(0)
    assert.deepEqual(ops.keys, ['a'])
    assert.deepEqual(alarms, ['ops: HTTP 401'])
    assert.equal(delivery.health().ops?.paused_until, new Date(clock.now() + 15 * MINUTE).toISOString())
    await clock.advance(31 * MINUTE)
    assert.deepEqual(alarms, ['ops: HTTP 401'])
    assert.equal(delivery.health().ops?.pending, 0)
    assert.equal(delivery.health().ops?.last_error, null)
  })

  test('a bug in a notifier is an attempt that failed', async (t) => {
    for (const bug of [
      () => Promise.reject(new Error('oops')),
      (): never => {
        throw new Error('oops')
      },
    ]) {
      const ops: Notifier = { send: bug }
      const { delivery, clock, state } = start(t, { ops })
      delivery.add('ops', 'a', alertOf())
      await clock.advance(0)
      assert.deepEqual({ ...state('a') }, { state: 'pending', attempts: 1, detail: 'bug in notifier: oops' })
    }
  })

  test('a restart sends what was pending, and nothing that was delivered', async (t) => {
    const down = scripted((_, nth) => (nth === 1 ? delivered() : retry('down')))
    const first = start(t, { ops: down })
    for (const key of ['a', 'b', 'c']) first.delivery.add('ops', key, alertOf())
    await first.clock.advance(0)
    first.delivery.stop()
    first.db.close()
    for (const jump of [0, 86_400_000, -86_400_000]) {
      const ops = scripted(() => retry('still down'))
      const clock = manualClock(first.clock.now() + jump)
      const { delivery, db } = start(t, { ops }, { clock, path: first.path })
      // A hint from before is trusted for an hour at most.
      await clock.advance(61 * MINUTE)
      assert.deepEqual(new Set(ops.keys), new Set(['b', 'c']), `clock moved by ${jump}`)
      delivery.stop()
      db.close()
    }
  })

  test('an attempt knows of those before it, also of one that a crash cut off', async (t) => {
    const earlier: number[] = []
    const behave = (answer: () => Outcome | Promise<Outcome>) =>
      scripted((attempt) => {
        earlier.push(attempt.earlier)
        return answer()
      })
    const first = start(t, { ops: behave(() => (earlier.length < 2 ? retry('no') : new Promise(() => {}))) })
    first.delivery.add('ops', 'a', alertOf())
    await first.clock.advance(BACKOFF.firstMs)
    first.delivery.stop()
    first.db.close()
    const second = start(t, { ops: behave(() => delivered()) }, { path: first.path })
    await second.clock.advance(60 * MINUTE)
    assert.deepEqual(earlier, [0, 1, 2])
  })

  test('what goes in parts goes on, after a failure or a crash, with the part that is missing', async (t) => {
    const parts: number[] = []
    const inThree = (answer: (part: number) => Outcome | Promise<Outcome>) =>
      scripted(({ part }) => {
        parts.push(part)
        return answer(part)
      })
    const fails = inThree((part) => (part === 0 ? partly() : retry('no')))
    const first = start(t, { ops: fails })
    first.delivery.add('ops', 'a', alertOf())
    await first.clock.advance(0)
    first.delivery.stop()
    first.db.close()
    const hangs = inThree((part) => (part === 1 ? partly() : new Promise(() => {})))
    const second = start(t, { ops: hangs }, { path: first.path })
    await second.clock.advance(60 * MINUTE)
    second.delivery.stop()
    second.db.close()
    const works = inThree(() => delivered())
    const third = start(t, { ops: works }, { path: first.path })
    await third.clock.advance(60 * MINUTE)
    assert.deepEqual(parts.slice(0, 3), [0, 1, 1])
    assert.deepEqual(new Set(parts.slice(3)), new Set([2]))
    assert.equal(third.state('a')?.state, 'delivered')
  })

  test('what waits for a notifier that is gone is sent when it is back', async (t) => {
    const ops = scripted(() => delivered())
    const { delivery, clock } = start(t, {})
    delivery.add('ops', 'a', alertOf())
    await clock.advance(MINUTE)
    assert.deepEqual(delivery.health().ops, {
      pending: 1,
      oldest_s: 60,
      last_success: null,
      last_error: 'not configured',
      paused_until: null,
      held_until: null,
      budget: [],
      dead: 0,
    })
    delivery.configure(new Map([['ops', ops]]))
    await clock.advance(0)
    assert.deepEqual(ops.keys, ['a'])
  })

  test('a new configuration ends a pause', async (t) => {
    const { delivery, clock } = start(t, { ops: scripted(() => retry('HTTP 401', { pause: true })) })
    delivery.add('ops', 'a', alertOf())
    await clock.advance(0)
    const mended = scripted(() => delivered())
    delivery.configure(new Map([['ops', mended]]))
    await clock.advance(0)
    assert.deepEqual(mended.keys, ['a'])
  })

  test('more alerts than are held in memory all arrive, in order', async (t) => {
    const ops = scripted(() => delivered())
    const { delivery, clock, atomically } = start(t, { ops })
    const keys = Array.from({ length: 1000 }, (_, i) => `k${i}`)
    atomically(() => {
      for (const key of keys) delivery.add('ops', key, alertOf())
    })
    while (ops.keys.length < keys.length) await clock.advance(0)
    assert.deepEqual(ops.keys, keys)
  })
})

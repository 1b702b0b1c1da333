// A busy day through the real stages under the default routes: it stays quiet, and nothing is unaccounted for.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { busyDay } from '../helpers/busy-day.ts'
import { manualClock } from '../helpers/clock.ts'
import { openTables } from '../helpers/database.ts'
import { startPipeline } from '../helpers/pipeline.ts'

const START = Date.parse('2026-11-20T00:00:00Z')
const DAY = 86_400_000

interface Message {
  created_ms: number
  count: number
  alert: string
}

test('a busy day is under 60 messages, the break-in at once and aloud', async (t) => {
  // The disk's promise is tested elsewhere; here 23,000 of them would only take time.
  const tables = openTables(t, ':memory:')
  const clock = manualClock(START)
  const pipeline = startPipeline({ tables, clock })
  const { events, breakIn } = busyDay(START)
  for (const event of events) {
    await clock.advance(Date.parse(event.time) - clock.now())
    await pipeline.take(event)
  }
  await clock.advance(START + DAY - clock.now())

  const rows = tables.db.prepare('SELECT created_ms, count, alert FROM delivery ORDER BY id').all()
  const messages = (rows as unknown as Message[]).map(({ alert, ...row }) => ({ ...row, ...JSON.parse(alert) }))
  t.diagnostic(`${events.length} events, ${messages.length} messages`)
  assert.ok(messages.length < 60, `${messages.length} messages`)

  const told = messages.reduce((sum, { count }) => sum + count, 0)
  assert.equal(told + pipeline.silent() + pipeline.held(), events.length)

  const alarm = messages.filter(({ priority }) => priority > 0)
  assert.deepEqual(
    alarm.map(({ record }) => record.id),
    [breakIn.id],
    'the only one that rings',
  )
  assert.ok(alarm[0].created_ms - Date.parse(breakIn.time) < 1000)
  assert.match(alarm[0].title, /alice got in after 4000 failures/)

  const toldAt = new Map(messages.map(({ record, created_ms }) => [record.id, created_ms]))
  const bySource = Map.groupBy(events, ({ rhost, outcome }) => (outcome === 'failure' ? rhost : null))
  for (const [source, [first]] of bySource)
    if (source !== null && first) assert.equal(toldAt.get(first.id), Date.parse(first.time), source)
  pipeline.stop()
})

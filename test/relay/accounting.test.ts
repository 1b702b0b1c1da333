// Whatever happens, in whatever order: the counts of all messages, what no route sends and what is still
// counted add up to the events that were stored.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { routeFrom } from '../../relay/model/config/routes.ts'
import type { LoginEvent } from '../../relay/model/event.ts'
import { rangeOf } from '../../relay/model/times.ts'
import { loginEvent } from '../helpers/alerts.ts'
import { manualClock } from '../helpers/clock.ts'
import { openTables } from '../helpers/database.ts'
import { startPipeline } from '../helpers/pipeline.ts'

const MINUTE = 60_000
const DAY = 86_400_000

const night = { ranges: [rangeOf('22:00-07:00')].filter((range) => range !== null), timeZone: 'Europe/Berlin' }
const RULES = {
  routes: [
    { match: { user: 'robot' }, notify: [] },
    { match: { user: 'sleeper' }, notify: ['ops'], mute: ['night'] },
    { match: { outcome: 'failure' }, notify: ['ops'], group_by: ['source' as const] },
    { match: { user: 'alice' }, notify: ['ops'] },
    { notify: ['ops'], group_by: ['service' as const], group_interval: '10m' },
  ].map(routeFrom),
  mutes: [{ name: 'night', times: night }],
  inhibits: [
    {
      name: 'flood',
      source: { situation: ['brute_force'] },
      target: { outcome: ['failure'] },
      equal: ['source' as const],
      forMs: 30 * MINUTE,
    },
  ],
}

type Step =
  | { kind: 'events'; fields: Partial<LoginEvent>; times: number }
  | { kind: 'wait' | 'jump'; ms: number }
  | { kind: 'restart' }
  | { kind: 'expect'; user: string; ms: number }
  | { kind: 'end'; id: number }

const user = fc.constantFrom('robot', 'sleeper', 'alice', 'bob', 'root')
const fields = fc.record({
  user,
  rhost: fc.constantFrom('192.0.2.7', '192.0.2.8', '2001:db8::1', null),
  service: fc.constantFrom('sshd', 'su'),
})
const success = fields.map((some) => some as Partial<LoginEvent>)
const failure = fields.map((some): Partial<LoginEvent> => ({ ...some, type: 'auth', outcome: 'failure' }))
const times = fc.integer({ min: 1, max: 12 })
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('events' as const), fields: fc.oneof(success, failure), times }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: DAY / 4 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('jump' as const), ms: fc.integer({ min: -DAY, max: DAY }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('expect' as const), user, ms: fc.integer({ min: 1000, max: DAY / 8 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('end' as const), id: fc.integer({ min: 1, max: 4 }) }) },
)

test('no sequence of events, restarts, waits and jumps of the clock loses count', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const tables = openTables(t)
      tables.db.exec('PRAGMA synchronous = OFF')
      const clock = manualClock()
      let pipeline = startPipeline({ tables, clock, rules: RULES })
      let stored = 0
      let silent = 0
      const told = () => Number(tables.db.prepare('SELECT coalesce(sum(count), 0) AS n FROM delivery').get()?.n)
      for (const step of steps) {
        if (step.kind === 'events')
          for (let i = 0; i < step.times; i++) {
            const time = new Date(clock.now()).toISOString().replace('Z', '000Z')
            await pipeline.take(loginEvent({ ...step.fields, time }))
            stored += 1
          }
        else if (step.kind === 'wait') await clock.advance(step.ms)
        else if (step.kind === 'jump') clock.setWall(clock.now() + step.ms)
        else if (step.kind === 'expect')
          pipeline.expectations.add({ user: step.user, source: [], reason: null, durationMs: step.ms })
        else if (step.kind === 'end') pipeline.expectations.end(step.id)
        else {
          silent += pipeline.silent()
          pipeline.stop()
          pipeline = startPipeline({ tables, clock, rules: RULES })
        }
        assert.equal(told() + silent + pipeline.silent() + pipeline.held(), stored)
      }
      await clock.advance(8 * DAY)
      assert.equal(pipeline.held(), 0, 'in the end all of it is told')
      assert.equal(told() + silent + pipeline.silent(), stored)
      pipeline.stop()
      tables.db.close()
    }),
    { numRuns: 60 },
  )
})

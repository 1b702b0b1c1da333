import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { enrich } from '../../relay/enrich.ts'
import { createGrouping } from '../../relay/group.ts'
import type { Alert } from '../../relay/model/alert.ts'
import type { LoginEvent } from '../../relay/model/event.ts'
import { recordOf } from '../helpers/alerts.ts'
import { type ManualClock, manualClock } from '../helpers/clock.ts'
import { openTables } from '../helpers/database.ts'

const MINUTE = 60_000
const refused: Partial<LoginEvent> = { type: 'auth', outcome: 'failure' }

interface Sent {
  notifier: string
  key: string
  alert: Alert
}

function start(t: TestContext, clock: ManualClock, path?: string) {
  const { events, groups, atomically, db, path: file } = openTables(t, path)
  const sent: Sent[] = []
  const send = (notifier: string, key: string, alert: Alert) => sent.push({ notifier, key, alert })
  const grouping = createGrouping({ groups, clock, event: events.get, atomically, storeFailed: assert.ifError, send })
  let seq = events.head()?.seq ?? 0
  return {
    db,
    path: file,
    sent,
    grouping,
    counts: () => sent.map(({ alert }) => alert.count),
    take(group: string | null, fields: Partial<LoginEvent> = refused, notifier = 'ops') {
      const record = recordOf(fields, ++seq)
      const meaning = enrich(record)
      atomically(() => {
        events.insert(record.seq, record.id, JSON.stringify(record), new Uint8Array())
        events.annotate(record, meaning)
        const target = {
          notifier,
          priority: 0 as const,
          group: group === null ? null : { key: group, intervalMs: 5 * MINUTE },
        }
        grouping.take(target, record, meaning)
      })
      return record
    },
  }
}

describe('groups', () => {
  test('without a group each event is a message of its own', (t) => {
    const { take, sent, counts } = start(t, manualClock())
    const records = [take(null), take(null)]
    assert.deepEqual(counts(), [1, 1])
    assert.deepEqual(
      sent.map(({ key }) => key),
      records.map(({ id }) => `${id}.ops`),
    )
  })

  test('the first leaves at once, the others as one message that counts them', async (t) => {
    const clock = manualClock()
    const { take, sent, counts } = start(t, clock)
    take('a')
    assert.deepEqual(counts(), [1])
    for (let i = 0; i < 46; i++) take('a')
    const last = take('a', { ...refused, user: 'root' })
    await clock.advance(5 * MINUTE - 1)
    assert.deepEqual(counts(), [1])
    await clock.advance(1)
    assert.deepEqual(counts(), [1, 47])
    assert.equal(sent[1]?.key, `${last.id}.ops`)
    assert.match(sent[1]?.alert.text ?? '', /^47 more; the last: root: password refused/)
  })

  test('a group that goes on sends a message per interval, one that is quiet ends', async (t) => {
    const clock = manualClock()
    const { take, counts } = start(t, clock)
    take('a')
    take('a')
    await clock.advance(5 * MINUTE)
    take('a')
    await clock.advance(5 * MINUTE)
    await clock.advance(5 * MINUTE)
    assert.deepEqual(counts(), [1, 1, 1])
    take('a')
    assert.deepEqual(counts(), [1, 1, 1, 1], 'the first of a new group leaves at once')
  })

  test('groups of other keys and other notifiers are others', (t) => {
    const { take, sent } = start(t, manualClock())
    take('a')
    take('b')
    take('a', refused, 'phone')
    take('a')
    assert.deepEqual(
      sent.map(({ notifier }) => notifier),
      ['ops', 'ops', 'phone'],
    )
  })

  test('a restart loses no count, whatever the clock did meanwhile', async (t) => {
    for (const jump of [0, 2 * MINUTE, 86_400_000, -86_400_000]) {
      const clock = manualClock()
      const first = start(t, clock)
      for (let i = 0; i < 4; i++) first.take('a')
      await clock.advance(MINUTE)
      first.grouping.stop()
      first.db.close()

      clock.setWall(clock.now() + jump)
      const second = start(t, clock, first.path)
      second.grouping.resume()
      second.take('a')
      await clock.advance(5 * MINUTE)
      assert.deepEqual(
        [...first.counts(), ...second.counts()].reduce((a, b) => a + b),
        5,
        `jump ${jump}`,
      )
    }
  })

  test('a wall clock that jumps back does not hold a message', async (t) => {
    const clock = manualClock()
    const { take, counts } = start(t, clock)
    take('a')
    take('a')
    clock.setWall(clock.now() - 86_400_000)
    await clock.advance(5 * MINUTE)
    assert.deepEqual(counts(), [1, 1])
  })
})

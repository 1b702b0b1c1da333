import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { enrich } from '../../relay/enrich.ts'
import { createGrouping } from '../../relay/group.ts'
import type { Alert } from '../../relay/model/alert.ts'
import type { LoginEvent } from '../../relay/model/event.ts'
import type { TargetGroup } from '../../relay/model/target.ts'
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
    take(wanted: string | TargetGroup | null, fields: Partial<LoginEvent> = refused, notifier = 'ops') {
      const record = recordOf(fields, ++seq)
      const meaning = enrich(record)
      atomically(() => {
        events.insert(record.seq, record.id, JSON.stringify(record), new Uint8Array())
        events.annotate(record, meaning)
        const group = typeof wanted === 'string' ? { key: wanted, intervalMs: 5 * MINUTE, held: null } : wanted
        grouping.take({ notifier, priority: 0, group }, record, meaning)
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
    assert.match(
      sent[1]?.alert.text ?? '',
      /^47 more refused logins for 2 users from 192.0.2.7 on web-1; last root \d\d:\d\d$/,
    )
  })

  test('while it goes on it is told ever more rarely; when it pauses, what is held waits no longer', async (t) => {
    const clock = manualClock()
    const { take, counts } = start(t, clock)
    const flood = async (minutes: number) => {
      for (let i = 0; i < minutes; i++) {
        await clock.advance(MINUTE)
        take('a')
      }
    }
    take('a')
    await flood(4)
    await clock.advance(MINUTE)
    assert.deepEqual(counts(), [1, 4], 'after 5 minutes')
    await flood(19)
    assert.deepEqual(counts(), [1, 4])
    await clock.advance(MINUTE)
    assert.deepEqual(counts(), [1, 4, 19], 'after 20')
    await flood(25)
    assert.deepEqual(counts(), [1, 4, 19])
    await clock.advance(35 * MINUTE)
    assert.deepEqual(counts(), [1, 4, 19, 25], 'long before 80 have passed')
  })

  test('one that comes now and then is told alone, and ever more rarely, too', async (t) => {
    const clock = manualClock()
    const { take, sent, counts } = start(t, clock)
    for (let i = 0; i < 100; i++) {
      take('a')
      await clock.advance(6 * MINUTE)
    }
    assert.deepEqual(counts().slice(0, 2), [1, 1])
    assert.match(sent[1]?.alert.text ?? '', /^alice: password refused/)
    assert.ok(sent.length < 8, `${sent.length} messages`)
  })

  test('one that is quiet for long ends, and the first of a new one leaves at once', async (t) => {
    const clock = manualClock()
    const { db, take, counts } = start(t, clock)
    take('a')
    take('a')
    await clock.advance(90 * MINUTE)
    assert.equal(db.prepare('SELECT count(*) AS n FROM grouped').get()?.n, 0)
    take('a')
    assert.deepEqual(counts(), [1, 1, 1])
  })

  test('what is unlike the others leaves at once and louder: another one let in, another kind of event', async (t) => {
    const clock = manualClock()
    const { take, sent, counts } = start(t, clock)
    take('a')
    take('a')
    const login = take('a', { user: 'alice' })
    take('a', { user: 'alice' })
    take('a', { user: 'bob' })
    take('a', { user: 'bob', rhost: '198.51.100.1' })
    assert.deepEqual(counts(), [1, 1, 1, 1])
    assert.deepEqual(
      sent.map(({ alert }) => alert.priority),
      [0, 1, 1, 1],
    )
    assert.deepEqual([sent[1]?.key, sent[1]?.alert.group], [`${login.id}.ops`, null])
    await clock.advance(5 * MINUTE)
    assert.deepEqual(counts(), [1, 1, 1, 1, 2])
  })

  test('what is held back is told at the end, with the reason, and ends the group', async (t) => {
    const clock = manualClock()
    const { take, sent, grouping, counts } = start(t, clock)
    take({ key: 'mute night', intervalMs: 60 * MINUTE, held: 'muted (night)' })
    take({ key: 'mute night', intervalMs: 30 * MINUTE, held: 'muted (night)' }, { user: 'bob' })
    await clock.advance(59 * MINUTE)
    assert.deepEqual(counts(), [])
    await clock.advance(MINUTE)
    assert.equal(
      sent[0]?.alert.text.replace(/ \d\d:\d\d$/, ''),
      'muted (night): 1 refused login and 1 login for 2 users from 192.0.2.7 on web-1; last bob',
    )
    take({ key: 'x', intervalMs: 60 * MINUTE, held: 'x' })
    grouping.end('x')
    assert.deepEqual(counts(), [2, 1])
    await clock.advance(600 * MINUTE)
    assert.deepEqual(counts(), [2, 1])
  })

  test('the count outlives the history', async (t) => {
    const clock = manualClock()
    const { take, db, sent } = start(t, clock)
    for (let i = 0; i < 3; i++) take('a')
    db.exec('DELETE FROM meaning; DELETE FROM event')
    await clock.advance(5 * MINUTE)
    assert.equal(sent[1]?.alert.count, 2)
    assert.match(sent[1]?.alert.text ?? '', /^2 more events since 2026-11-20T14:38:36/)
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

import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { createDaily } from '../../relay/daily.ts'
import { createDailyTable } from '../../relay/db/daily.ts'
import { enrich } from '../../relay/enrich.ts'
import type { Alert } from '../../relay/model/alert.ts'
import type { LoginEvent } from '../../relay/model/event.ts'
import type { Meaning } from '../../relay/model/meaning.ts'
import { recordOf } from '../helpers/alerts.ts'
import { type ManualClock, manualClock } from '../helpers/clock.ts'
import { openTables } from '../helpers/database.ts'

const HOUR = 3_600_000
const at8 = { at: 480, timeZone: 'Europe/Berlin', notify: ['ops', 'phone'] }

function start(t: TestContext, clock: ManualClock, path?: string) {
  const tables = openTables(t, path)
  const { db, events, atomically } = tables
  const sent: { notifier: string; key: string; alert: Alert }[] = []
  const daily = createDaily({
    ...{ table: createDailyTable(db), hostName: 'web-1', clock, routed: events.routed, atomically },
    storeFailed: assert.ifError,
    send: (notifier, key, alert) => sent.push({ notifier, key, alert }),
  })
  daily.configure(at8)
  tables.beforeClose(daily.stop)
  let seq = events.head()?.seq ?? 0
  return {
    ...tables,
    daily,
    sent,
    texts: () => sent.filter(({ notifier }) => notifier === 'ops').map(({ alert }) => alert.text),
    store(fields: Partial<LoginEvent>, times = 1, meaning: Partial<Meaning> = {}) {
      for (let i = 0; i < times; i++) {
        const record = recordOf(fields, ++seq)
        events.insert(record.seq, record.id, JSON.stringify(record), new Uint8Array())
        events.annotate(record, { ...enrich(record), ...meaning })
        events.setRouted(seq)
      }
    },
  }
}

const berlin = (time: string) => Date.parse(time)

describe('the daily digest', () => {
  test('says what happened, in sums that are those of the store', async (t) => {
    const clock = manualClock(berlin('2026-11-20T06:00:00Z'))
    const { store, texts, sent } = start(t, clock)
    store({ user: 'alice' }, 3)
    store({ user: 'bob', rhost: '198.51.100.1' }, 1, { first: ['network'] })
    store({ type: 'auth', outcome: 'failure', user: 'root', rhost: '203.0.113.9' }, 40)
    store({ type: 'account', outcome: 'failure', user: 'carol', rhost: '203.0.113.8' }, 2)
    store({ service: 'systemd-user', rhost: null, user: 'alice' }, 4)
    store({ type: 'close_session' }, 5)
    store({ type: 'password', service: 'passwd', rhost: null })
    await clock.advance(HOUR - 1)
    assert.deepEqual(texts(), [])
    await clock.advance(1)
    assert.deepEqual(
      texts(),
      [
        'web-1 since LOCAL: 4 logins and 42 refused (4 users, 4 sources); refused: 40 from 203.0.113.9, ' +
          '2 from 203.0.113.8; new in 1 login: bob; 5 closed, 4 of cron and systemd, 1 other; 56 events in all',
      ].map((text) => text.replace('LOCAL', texts()[0]?.match(/\d\d:\d\d/)?.[0] ?? '')),
    )
    assert.deepEqual(
      sent.map(({ notifier, alert }) => [notifier, alert.count, alert.priority]),
      [
        ['ops', 0, -1],
        ['phone', 0, -1],
      ],
    )
  })

  test('comes once a day, whatever the clocks of the zone do, and counts each event once', async (t) => {
    const clock = manualClock(berlin('2026-03-27T12:00:00Z'))
    const { store, sent, texts } = start(t, clock)
    for (let i = 0; i < 4 * 24; i++) {
      store({})
      await clock.advance(HOUR)
    }
    assert.equal(texts().length, 4)
    assert.equal(new Set(sent.map(({ key }) => key)).size, 8)
    const told = texts().map((text) => Number(/(\d+) events in all/.exec(text)?.[1]))
    assert.deepEqual(told, [19, 23, 24, 24], 'one night is an hour short')
  })

  test('what a restart missed is told then, once', async (t) => {
    const clock = manualClock(berlin('2026-11-20T06:00:00Z'))
    const first = start(t, clock)
    first.store({}, 3)
    first.daily.stop()
    first.db.close()
    await clock.advance(5 * HOUR)
    const second = start(t, clock, first.path)
    assert.deepEqual([first.texts().length, second.texts().length], [0, 1])
    second.daily.stop()
    second.db.close()
    const third = start(t, clock, first.path)
    await clock.advance(19 * HOUR)
    assert.equal(third.texts().length, 0)
    await clock.advance(2 * HOUR)
    assert.match(third.texts().join(), /0 logins and 0 refused .* 0 events in all/)
  })

  test('a wall clock that was wrong holds it up for no longer than a day', async (t) => {
    const clock = manualClock(berlin('2040-01-01T00:00:00Z'))
    const { texts } = start(t, clock)
    clock.setWall(berlin('2026-11-20T06:00:00Z'))
    await clock.advance(2 * HOUR)
    assert.equal(texts().length, 1)
    clock.setWall(berlin('2026-11-20T05:00:00Z'))
    await clock.advance(4 * HOUR)
    assert.equal(texts().length, 1, 'the same morning twice is one morning')
  })

  test('says what the history has lost', async (t) => {
    const clock = manualClock(berlin('2026-11-20T06:00:00Z'))
    const { store, db, texts } = start(t, clock)
    store({}, 3)
    db.exec('DELETE FROM meaning WHERE seq = 1')
    await clock.advance(HOUR)
    assert.match(texts().join(), /2 logins .*; 1 not in the history any more; 3 events in all$/)
  })
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { lastingMs, nextAt, rangeOf } from '../../../relay/model/times.ts'

const HOUR = 3_600_000
const hours = (zone: string, texts: string[], now: string) => {
  const ranges = texts.map(rangeOf).filter((range) => range !== null)
  const ms = lastingMs({ ranges, timeZone: zone }, Date.parse(now))
  return ms === null ? null : ms / HOUR
}

describe('times of the week', () => {
  test('are days, hours, or both', () => {
    for (const text of ['mon', 'sat,sun', 'fri-mon', '08:00-18:00', 'mon-fri 08:00-18:00', 'Sun 22:00-24:00'])
      assert.ok(rangeOf(text), text)
    for (const text of ['', 'monday', 'mon-', '8-18', '08:00', '24:00-25:00', '08:60-09:00', '08:00-08:00', 'mon fri'])
      assert.equal(rangeOf(text), null, text)
  })

  test('a night belongs to the day on which it begins', () => {
    // 2026-11-20 is a Friday.
    assert.equal(hours('UTC', ['fri 22:00-07:00'], '2026-11-20T21:00:00Z'), null)
    assert.equal(hours('UTC', ['fri 22:00-07:00'], '2026-11-20T22:00:00Z'), 9)
    assert.equal(hours('UTC', ['fri 22:00-07:00'], '2026-11-21T06:00:00Z'), 1)
    assert.equal(hours('UTC', ['fri 22:00-07:00'], '2026-11-20T06:00:00Z'), null)
  })

  test('ranges that touch go on into each other', () => {
    assert.equal(hours('UTC', ['sat,sun'], '2026-11-21T00:00:00Z'), 48)
    assert.equal(hours('UTC', ['22:00-07:00', 'sat,sun'], '2026-11-20T22:00:00Z'), 57)
  })

  test('are those of the clock where the zone is, also when that is put forward or back', () => {
    const night = ['22:00-07:00']
    assert.equal(hours('Europe/Berlin', night, '2026-11-20T21:00:00Z'), 9)
    assert.equal(hours('Europe/Berlin', night, '2026-03-28T21:00:00Z'), 8, 'the night is an hour short')
    assert.equal(hours('Europe/Berlin', night, '2026-10-24T20:00:00Z'), 10, 'and an hour long')
    assert.equal(hours('Europe/Berlin', ['02:00-02:30'], '2026-03-29T01:10:00Z'), null, 'there is no such half hour')
  })

  test('always is told in steps', () => {
    assert.ok((hours('UTC', ['mon-sun'], '2026-11-20T12:00:00Z') ?? 0) > 7 * 24)
  })
})

describe('the next time of day', () => {
  const next = (minute: number, zone: string, now: string) =>
    new Date(nextAt(minute, zone, Date.parse(now))).toISOString().slice(0, 16)

  test('comes once on each day of the zone', () => {
    assert.equal(next(480, 'UTC', '2026-11-20T07:59:59Z'), '2026-11-20T08:00')
    assert.equal(next(480, 'UTC', '2026-11-20T08:00:00Z'), '2026-11-21T08:00')
    assert.equal(next(480, 'Europe/Berlin', '2026-03-28T12:00:00Z'), '2026-03-29T06:00')
    assert.equal(next(150, 'Europe/Berlin', '2026-03-28T12:00:00Z'), '2026-03-29T01:30', '02:30 is skipped')
    assert.equal(next(150, 'Europe/Berlin', '2026-10-25T00:30:00Z'), '2026-10-26T01:30', 'and comes once only')
  })
})

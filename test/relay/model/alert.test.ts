import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { enrich } from '../../../relay/enrich.ts'
import { type Alert, alertFor, alertForMore } from '../../../relay/model/alert.ts'
import { eventSchema, type LoginEvent } from '../../../relay/model/event.ts'
import type { Meaning } from '../../../relay/model/meaning.ts'
import { type Tally, tallied } from '../../../relay/model/tally.ts'
import { defuse, shorten } from '../../../relay/model/text.ts'
import { recordOf } from '../../helpers/alerts.ts'

/** One situation: what happened last, what is counted with it, and what is said. */
interface Situation {
  situation: string
  event: Partial<LoginEvent>
  meaning?: Partial<Meaning>
  /** Events that were counted before; a * in what varies is their number. */
  before?: { times: number; vary?: Record<string, string>; event: Partial<LoginEvent> }[]
  why?: string
  title: string
  text: string
}

const golden = join(import.meta.dirname, 'alert.golden.json')
const SITUATIONS: Situation[] = JSON.parse(readFileSync(golden, 'utf8'))

function see(event: Partial<LoginEvent>, more: Partial<Meaning> = {}) {
  const record = recordOf(event)
  return { record, meaning: { ...enrich(record), ...more } }
}

function alertOf({ event, meaning, before, why }: Situation): Alert {
  const last = see(event, meaning)
  if (before === undefined) return alertFor(last.record, last.meaning)
  let tally: Tally | null = null
  for (const { times, vary = {}, event } of before)
    for (let i = 1; i <= times; i++) {
      const varied = Object.entries(vary).map(([field, value]) => [field, value.replace('*', String(i))])
      const { record, meaning } = see({ ...event, ...Object.fromEntries(varied) })
      tally = tallied(tally, record, meaning)
    }
  return alertForMore(tallied(tally, last.record, last.meaning), last, undefined, why ?? null)
}

describe('the words of an alert', () => {
  const zone = process.env.TZ
  before(() => {
    process.env.TZ = 'UTC'
  })
  after(() => {
    if (zone === undefined) delete process.env.TZ
    else process.env.TZ = zone
  })

  for (const situation of SITUATIONS)
    test(situation.situation, () => {
      const { title, text, count } = alertOf(situation)
      assert.deepEqual({ title, text }, { title: situation.title, text: situation.text })
      assert.equal(count, 1 + (situation.before ?? []).reduce((sum, { times }) => sum + times, 0))
      assert.ok(title.length <= 40, 'a push title shows 40 characters')
      assert.ok(text.length <= 140, 'a text message 140')
    })

  test('every type of event is among them, and every attack', () => {
    const types = new Set(SITUATIONS.map(({ event }) => event.type ?? 'open_session'))
    assert.deepEqual([...types].sort(), [...eventSchema.properties.type.enum].sort())
    const attacks = new Set(SITUATIONS.map(({ meaning }) => meaning?.attack?.situation ?? null))
    assert.deepEqual(attacks, new Set([null, 'brute_force', 'break_in']))
  })
})

describe('text', () => {
  test('is shortened without cutting a character in two', () => {
    assert.equal(shorten('abcdef', 6), 'abcdef')
    assert.equal(shorten('abcdefg', 6), 'abcde…')
    assert.equal(shorten('abcd😀fg', 6), 'abcd…')
  })

  test('is defused where a sign would start a link, and only there', () => {
    assert.equal(
      defuse('@root evil.com #x $CASH http://1.2.3.4'),
      '@\u200broot evil.\u200bcom #\u200bx $\u200bCASH http:\u200b//1.2.3.4',
    )
    for (const plain of ['192.0.2.7', '2001:db8::1', 'SHA256:1X6h/ab+c', '14:38:36.123Z', 'a - b'])
      assert.equal(defuse(plain), plain)
  })
})

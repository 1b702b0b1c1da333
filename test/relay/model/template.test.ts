import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { enrich } from '../../../relay/enrich.ts'
import { alertFor, alertForMore, noticeAlert } from '../../../relay/model/alert.ts'
import { tallied } from '../../../relay/model/tally.ts'
import { templateFault, worded } from '../../../relay/model/template.ts'
import { recordOf } from '../../helpers/alerts.ts'

const record = recordOf({ user: 'alice', tty: null })
const meaning = enrich(record)
const alert = alertFor(record, meaning)
const say = (text: string, of = alert) => worded(of, { title: null, text }).text

describe("an operator's own words", () => {
  test('have the fields of the event, ours, and a dash for what is not there', () => {
    assert.equal(say('{user}@{host} {source} {tty} {outcome}'), 'alice@web-1 192.0.2.7 - success')
    assert.equal(say('{text} ({count}, {time})'), `${alert.text} (1, ${record.time})`)
    assert.equal(say('{{user}} {{{user}}}'), '{user} {alice}')
    assert.deepEqual(worded(alert, { title: '{user}', text: null }), { ...alert, title: 'alice' })
  })

  test('are not looked for in what somebody typed', () => {
    const named = { ...meaning, user: '{host} $& $1' }
    assert.equal(say('{user}', alertFor(record, named)), '{host} $& $1')
  })

  test('say for how many they stand, whatever they say', () => {
    const more = alertForMore(tallied(tallied(null, record, meaning), record, meaning), { record, meaning })
    assert.equal(say('{user}', more), '2 events: alice')
    assert.equal(say('{count} x {user}', more), '2 x alice')
    assert.equal(say('{text}', more), more.text)
  })

  test('are for events: what the relay says of itself stays', () => {
    const notice = noticeAlert('x', record.time)
    assert.equal(worded(notice, { title: '{user}', text: '{user}' }), notice)
  })

  test('are refused where a field is unknown, or a brace alone', () => {
    for (const right of ['', '{user}', '{{', 'a }} b']) assert.equal(templateFault(right), null, right)
    assert.deepEqual(templateFault('{usr}'), { field: 'usr' })
    assert.deepEqual(templateFault('{__proto__}'), { field: '__proto__' })
    for (const wrong of ['{', 'a } b', '{user', '{user}}']) assert.equal(templateFault(wrong), 'brace', wrong)
  })
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { enrich } from '../../../relay/enrich.ts'
import type { LoginEvent } from '../../../relay/model/event.ts'
import type { Meaning } from '../../../relay/model/meaning.ts'
import { spanInWords } from '../../../relay/model/quantity.ts'
import { words } from '../../../relay/model/words.ts'
import { recordOf } from '../../helpers/alerts.ts'

const say = (meaning: Partial<Meaning>, fields: Partial<LoginEvent> = {}) => {
  const record = recordOf(fields)
  return words(record, { ...enrich(record), ...meaning })
}
const key = { type: 'ssh-ed25519', fingerprint: 'SHA256:x', name: 'alice@laptop' }
const opened = '2026-11-20T14:38:36.123456Z'

/** What it means → text. */
const WORDS: [text: string, meaning: Partial<Meaning>, fields?: Partial<LoginEvent>][] = [
  ['alice logged in to web-1 (sshd) from 192.0.2.7 with key alice@laptop', { key }],
  [
    'alice logged in to web-1 (sshd) from 192.0.2.7, for the first time',
    { first: ['user', 'source', 'network', 'service'] },
  ],
  ['alice logged in to web-1 (sshd) from 192.0.2.7', { first: ['source'] }],
  ['alice logged in to web-1 (sshd) from 192.0.2.7, first time from this network', { first: ['source', 'network'] }],
  [
    'alice logged in to web-1 (sshd) from 192.0.2.7 with key alice@laptop, first time from this network and with this key',
    { key, first: ['source', 'network', 'key', 'method'] },
  ],
  [
    'alice logged in to web-1 (sshd) from 192.0.2.7 with a password, first time this way',
    { method: 'password', first: ['method'] },
  ],
  [
    'alice logged in to web-1 (sshd) from gw.example, first time from there',
    { first: ['source'] },
    { rhost: 'gw.example' },
  ],
  [
    'www-data became root on web-1 (sudo), for the first time',
    { first: ['user', 'service'] },
    { rhost: null, tty: null, service: 'sudo', user: 'root', ruser: 'www-data' },
  ],
  [
    'alice logged in to web-1 (sshd) from 192.0.2.7 (DE, Example Net)',
    { place: { country: 'DE', network: 'Example Net' } },
  ],
  [
    'root: password refused on web-1 (sshd) from 203.0.113.9 (NL)',
    { place: { country: 'NL', network: null }, first: ['user', 'network'] },
    { type: 'auth', outcome: 'failure', user: 'root', rhost: '203.0.113.9' },
  ],
  [
    'alice logged out of web-1 (sshd) from 192.0.2.7 (3 h 12 min, 2 × sudo, 1 × su)',
    { session: { opened, seconds: 11_525, inside: { sudo: 2, su: 1 } } },
    { type: 'close_session' },
  ],
]

describe('words', () => {
  for (const [text, meaning, fields] of WORDS) test(text, () => assert.equal(say(meaning, fields).text, text))

  test('a title fits a lock screen, whoever it names', () => {
    const { title, text } = say({}, { user: 'x'.repeat(100) })
    assert.equal(title, `web-1: ${'x'.repeat(32)}…`)
    assert.match(text, /^x{100} logged in/)
  })

  test('a span has two units', () => {
    const spans = [0, 59, 60, 3599, 3600, 11_525, 86_400, 86_460, 190_800]
    assert.deepEqual(spans.map(spanInWords), [
      '0 s',
      '59 s',
      '1 min',
      '59 min',
      '1 h',
      '3 h 12 min',
      '1 d',
      '1 d',
      '2 d 5 h',
    ])
  })
})

import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { createSeen } from '../../../relay/db/seen.ts'
import { enrich, NO_KNOWLEDGE } from '../../../relay/enrich.ts'
import type { LoginEvent } from '../../../relay/model/event.ts'
import { factsOf, teaches } from '../../../relay/model/facts.ts'
import { recordOf } from '../../helpers/alerts.ts'
import { openTables } from '../../helpers/database.ts'

/** What is new in each event, as the relay meets one after the other. */
function watcher(t: TestContext) {
  const seen = createSeen(openTables(t).db)
  return (fields: Partial<LoginEvent>) => {
    const record = recordOf(fields)
    const meaning = enrich(record, { ...NO_KNOWLEDGE, unseen: seen.unseen })
    const facts = teaches(record) ? factsOf(record, meaning) : null
    if (facts !== null) seen.learn(facts, record.seq)
    return meaning.first.join(' ')
  }
}

const ssh = (auth_info: string) => ({ connection: null, auth_info })
const refused = { type: 'auth', outcome: 'failure' } as const

describe('what is new', () => {
  test('is new once, for this user: the user, the source, its network, the key, the method, the service', (t) => {
    const login = watcher(t)
    assert.equal(login({ ssh: ssh('publickey ssh-ed25519 AAAA') }), 'user source network key method service')
    assert.equal(login({ ssh: ssh('publickey ssh-ed25519 AAAA') }), '')
    assert.equal(login({ rhost: '192.0.2.8' }), 'source')
    assert.equal(login({ rhost: '192.0.3.8' }), 'source network')
    assert.equal(login({ rhost: '2001:db8:1:2::7' }), 'source network')
    assert.equal(login({ rhost: '2001:db8:1:3::7' }), 'source')
    assert.equal(login({ rhost: 'gw.example' }), 'source')
    assert.equal(login({ ssh: ssh('publickey ssh-ed25519 BBBB') }), 'key')
    assert.equal(login({ ssh: ssh('password') }), 'method')
    assert.equal(login({ service: 'vsftpd' }), 'service')
    assert.equal(login({ user: 'bob' }), 'user source network service')
  })

  test('only who got in teaches', (t) => {
    const login = watcher(t)
    for (let i = 0; i < 3; i++) assert.equal(login({ ...refused, user: 'root' }), 'user source network service')
    assert.equal(login({ user: 'root' }), 'user source network service')
    assert.equal(login({ ...refused, user: 'root' }), '')
    assert.equal(login({ ...refused, user: 'root', rhost: '203.0.113.9' }), 'source network')
  })

  test('to become root is new for each who does, and nothing is new in leaving', (t) => {
    const login = watcher(t)
    const sudo = { rhost: null, tty: '/dev/pts/0', service: 'sudo', user: 'root' }
    assert.equal(login({ ...sudo, ruser: 'alice' }), 'user service')
    assert.equal(login({ ...sudo, ruser: 'www-data' }), 'user service')
    assert.equal(login({ ...sudo, ruser: 'www-data' }), '')
    assert.equal(login({ type: 'close_session', user: 'carol' }), '')
    assert.equal(login({ user: null }), '')
  })
})

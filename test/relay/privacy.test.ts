import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { PrivacyConfig } from '../../relay/model/config/privacy.ts'
import type { LoginEvent } from '../../relay/model/event.ts'
import { isUnknown, userInWords, withoutNames } from '../../relay/model/names.ts'
import { COMMON_NAMES } from '../../relay/privacy/common-names.ts'
import { userExists } from '../../relay/privacy/lookup.ts'
import { createPrivacy } from '../../relay/privacy.ts'
import { loginEvent } from '../helpers/alerts.ts'
import { manualClock, settle } from '../helpers/clock.ts'

const REFUSED = { type: 'auth', outcome: 'failure' } as const
const refused = (user: string | null, more: Partial<LoginEvent> = {}) => loginEvent({ ...REFUSED, user, ...more })

function setup(config: Partial<PrivacyConfig> = {}, secret = new Uint8Array(32)) {
  const clock = manualClock()
  const asked: string[] = []
  const found: string[] = []
  const answers = new Map<string, (isUser: boolean) => void>()
  const privacy = createPrivacy({
    secret,
    clock,
    known: (name) => name === 'alice',
    exists: (name) => {
      asked.push(name)
      return new Promise((resolve) => answers.set(name, resolve))
    },
    found: (token, name) => found.push(`${token} ${name}`),
  })
  privacy.configure({ showUnknownUsers: false, mask: {}, ...config })
  const tokenOf = (name: string) => privacy.conceal(refused(name)).user ?? ''
  return {
    ...privacy,
    clock,
    asked,
    found,
    tokenOf,
    answer: (name: string, isUser: boolean) => answers.get(name)?.(isUser),
  }
}

describe('a name that no user has', () => {
  test('becomes a token that groups, and that another host does not share', () => {
    const { tokenOf } = setup()
    const token = tokenOf('hunter2')
    assert.match(token, /^#[a-z2-7]{6}$/)
    assert.equal(tokenOf('hunter2'), token)
    assert.notEqual(tokenOf('hunter3'), token)
    assert.notEqual(setup({}, new Uint8Array(32).fill(1)).tokenOf('hunter2'), token)
    assert.equal(userInWords(token), `unknown user ${token}`)
  })

  test('stays as it is for a known user, for names that are tried everywhere, and for who got in', () => {
    const { conceal, asked } = setup()
    for (const user of ['alice', 'root', 'oracle', '', null]) assert.equal(conceal(refused(user)).user, user)
    assert.equal(conceal(loginEvent({ user: 'hunter2' })).user, 'hunter2')
    assert.equal(conceal(refused('hunter2', { service: 'pam-alert-test' })).user, 'hunter2')
    assert.deepEqual(asked, [])
    assert.equal(setup({ showUnknownUsers: true }).tokenOf('hunter2'), 'hunter2')
  })

  test('is nowhere in what is stored, whatever it looks like', () => {
    const { conceal } = setup()
    fc.assert(
      fc.property(fc.string({ minLength: 7 }), fc.constantFrom('user', 'ruser'), (name, field) => {
        fc.pre(!COMMON_NAMES.has(name) && !/^[a-f0-9-]*$/.test(name))
        const cut = { [field]: { bytes: 9, sha256: 'f'.repeat(64) } }
        const log = { rule: 'sshd', raw: `Invalid user ${name} from 192.0.2.7 port 22`, fields: [name] }
        const event = { ...refused('root', { [field]: name, cut }), log }
        const stored = conceal(event)
        assert.ok(isUnknown(stored[field as 'user']))
        assert.equal(JSON.stringify(stored).includes(JSON.stringify(name).slice(1, -1)), false)
        assert.deepEqual(stored.cut, {})
        assert.equal(stored.id, event.id)
      }),
    )
  })

  test('that looks like a token is one of its own', () => {
    const { tokenOf } = setup()
    const token = tokenOf('hunter2')
    assert.notEqual(tokenOf(token), token)
  })
})

describe('looking a name up', () => {
  test('is done once, and whoever exists after all is told', async () => {
    const { asked, answer, found, nameOf, tokenOf, unsettled } = setup()
    assert.equal(unsettled(), null)
    const token = tokenOf('carol')
    tokenOf('carol')
    const waiting = unsettled()
    await settle()
    answer('carol', true)
    await waiting
    assert.deepEqual([asked, found, nameOf(token)], [['carol'], [`${token} carol`], 'carol'])
    tokenOf('carol')
    await settle()
    assert.equal(asked.length, 1, 'the answer is remembered')
    assert.equal(unsettled(), null)
  })

  test('holds an alert up for half a second at most', async () => {
    const { clock, unsettled, tokenOf, nameOf } = setup()
    const token = tokenOf('carol')
    const waiting = unsettled()
    await clock.advance(500)
    await waiting
    assert.equal(nameOf(token), null)
  })

  test('is done for two at a time, and for no more than a few of many', async () => {
    const { asked, answer, tokenOf, clock } = setup()
    for (let i = 0; i < 1000; i++) tokenOf(`guess-${i}`)
    await settle()
    assert.equal(asked.length, 2)
    for (let i = 0; i < 1000; i++) {
      answer(`guess-${i}`, false)
      await clock.advance(100)
    }
    assert.equal(asked.length, 64)
  })

  test('asks the system, which takes a number for a number', async () => {
    assert.equal(await userExists('root'), true)
    for (const name of ['0', 'no-such-user-here', '-s', '--help', '']) assert.equal(await userExists(name), false)
  })
})

describe('masks', () => {
  const ssh = {
    connection: '192.0.2.7 39652 192.0.2.1 22',
    auth_info: 'publickey ssh-ed25519 AAAA\\x0apassword\\x0a',
  }
  const masked = (mask: PrivacyConfig['mask'], fields: Partial<LoginEvent> = {}) =>
    setup({ mask }).conceal(loginEvent({ ssh, ...fields }))

  test('hide a field, or leave a word that groups', () => {
    const event = masked({ user: 'token', ruser: 'hide', tty: 'hide' }, { ruser: 'bob' })
    assert.match(event.user ?? '', /^~[a-z2-7]{6}$/)
    assert.deepEqual([event.ruser, event.tty, event.ssh], [null, null, ssh])
    assert.equal(masked({ user: 'token' }).user, event.user)
    assert.notEqual(masked({ user: 'token' }, { user: 'bob' }).user, event.user)
  })

  test('leave of a source its network, everywhere in the event', () => {
    const rhost = (value: string) => masked({ source: 'network' }, { rhost: value }).rhost
    assert.deepEqual([rhost('192.0.2.7'), rhost('2001:db8:1:2::3')], ['192.0.2.0', '2001:db8:1::'])
    assert.deepEqual([rhost('gw.example'), rhost('')], ['hidden', ''])
    assert.equal(masked({ source: 'hide' }).rhost, 'hidden')
    assert.match(masked({ source: 'token' }).rhost ?? '', /^~/)
    assert.equal(JSON.stringify(masked({ source: 'network' })).includes('192.0.2.7'), false)
  })

  test('leave of a key its method', () => {
    assert.equal(masked({ key: 'hide' }).ssh?.auth_info, 'publickey\\x0apassword\\x0a')
  })
})

describe('what could not be read', () => {
  test('is kept without its names', () => {
    for (const text of ['{"user":"hun\\"ter2"}', '{"ruser" : "hunter2', '"user":"hunter2","x":1', '{"user":"hunter2\\'])
      assert.doesNotMatch(withoutNames(text), /ter2/)
    assert.equal(withoutNames('{"user":null,"tty":"x"}'), '{"user":null,"tty":"x"}')
  })
})

describe('what a log tells', () => {
  test('is masked in its line, too', () => {
    const { conceal } = setup({ mask: { user: 'token', source: 'network', key: 'hide' } })
    const line = 'Accepted publickey for alice from 192.0.2.7 port 4022 ssh2: ED25519 SHA256:abc'
    const log = { line, fields: { fingerprint: 'SHA256:abc' } }
    const event = conceal({ ...loginEvent({ user: 'alice', rhost: '192.0.2.7' }), log })
    assert.equal(
      event.log.line,
      `Accepted publickey for ${event.user} from ${event.rhost} port 4022 ssh2: ED25519 hidden`,
    )
    assert.deepEqual(event.log.fields, { fingerprint: 'hidden' })
  })
})

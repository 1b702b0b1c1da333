import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { enrich } from '../../../relay/enrich.ts'
import { alertFor, alertForMore } from '../../../relay/model/alert.ts'
import type { LoginEvent } from '../../../relay/model/event.ts'
import { defuse, shorten } from '../../../relay/model/text.ts'
import { recordOf } from '../../helpers/alerts.ts'

const key = 'publickey ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl\\x0a'
const ssh = { connection: '192.0.2.7 39652 192.0.2.1 22', auth_info: key }
const local = { rhost: null, tty: '/dev/pts/0' }

/** What happened → title and text. */
const WORDS: [what: Partial<LoginEvent>, title: string, text: string][] = [
  [
    { ssh },
    'web-1: alice logged in',
    'alice logged in to web-1 (sshd) from 192.0.2.7 with key SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU',
  ],
  [
    { ssh: { connection: null, auth_info: 'password' } },
    'web-1: alice logged in',
    'alice logged in to web-1 (sshd) from 192.0.2.7 with a password',
  ],
  [{ type: 'close_session' }, 'web-1: alice logged out', 'alice logged out of web-1 (sshd) from 192.0.2.7'],
  [
    { type: 'auth', outcome: 'failure', user: 'root', rhost: '203.0.113.9' },
    'web-1: root refused',
    'root: password refused on web-1 (sshd) from 203.0.113.9',
  ],
  [
    { ...local, type: 'auth', outcome: 'failure', service: 'su', user: 'root', ruser: 'bob' },
    'web-1: bob refused as root',
    'bob: password for root refused on web-1 (su) on /dev/pts/0',
  ],
  [
    { ...local, service: 'su', user: 'root', ruser: 'bob' },
    'web-1: bob became root',
    'bob became root on web-1 (su) on /dev/pts/0',
  ],
  [
    { type: 'account', outcome: 'failure', user: 'carol' },
    'web-1: carol locked out',
    'carol: account expired or locked on web-1 (sshd) from 192.0.2.7',
  ],
  [
    { ...local, type: 'password', service: 'passwd', tty: null },
    'web-1: alice: new password',
    'alice: password changed on web-1 (passwd)',
  ],
  [{ user: null }, 'web-1: someone logged in', 'someone logged in to web-1 (sshd) from 192.0.2.7'],
  [{ rhost: 'gw.example' }, 'web-1: alice logged in', 'alice logged in to web-1 (sshd) from gw.example'],
  [
    { service: 'pam-alert-test', ...local },
    'web-1: test alert',
    'test alert from web-1: logins here will look like this',
  ],
]

describe('the words of an alert', () => {
  for (const [what, title, text] of WORDS)
    test(text, () => {
      const record = recordOf(what)
      const alert = alertFor(record, enrich(record))
      assert.deepEqual([alert.title, alert.text, alert.count], [title, text, 1])
    })

  test('several say how many', () => {
    const record = recordOf({ type: 'auth', outcome: 'failure', user: 'root' })
    const alert = alertForMore(47, record, enrich(record))
    assert.deepEqual(
      [alert.title, alert.text, alert.count],
      ['47 more: web-1: root refused', '47 more; the last: root: password refused on web-1 (sshd) from 192.0.2.7', 47],
    )
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

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { parseEvent } from '../../../../relay/model/event.ts'
import { compileRule } from '../../../../relay/model/log/rule.ts'
import { at, eventsOf, pamFailure, readyMade } from '../../../helpers/logs.ts'

/** Program and message → what the event says. */
const cases: [line: string, says: string][] = [
  ['sshd[1]: Failed password for root from 192.0.2.7 port 22 ssh2', 'auth failure root@192.0.2.7 openssh/failed'],
  [
    'sshd-session[1]: Failed password for invalid user bob from 192.0.2.7 port 22 ssh2',
    'auth failure bob@192.0.2.7 openssh/failed',
  ],
  ['sshd-auth[1]: Invalid user bob from 2001:db8::1 port 22', 'auth failure bob@2001:db8::1 openssh/invalid-user'],
  [
    'sshd[1]: Failed none for invalid user 0101 from 192.0.2.7 port 22 ssh2',
    'auth failure 0101@192.0.2.7 openssh/failed-none',
  ],
  [
    'sshd[1]: Failed publickey for alice from 192.0.2.7 port 22 ssh2: ED25519 SHA256:abc',
    'auth failure alice@192.0.2.7 openssh/failed-key',
  ],
  [
    'sshd[1]: Failed keyboard-interactive/pam for alice from 192.0.2.7 port 22 ssh2',
    'auth failure alice@192.0.2.7 openssh/failed',
  ],
  [
    'sshd[1]: Accepted publickey for alice from 192.0.2.7 port 22 ssh2: ED25519 SHA256:abc',
    'open_session success alice@192.0.2.7 openssh/accepted',
  ],
  [
    'sshd[1]: Connection closed by authenticating user root 192.0.2.7 port 22 [preauth]',
    'auth failure root@192.0.2.7 openssh/gave-up',
  ],
  ['sshd[1]: Connection reset by invalid user  192.0.2.7 port 22 [preauth]', 'auth failure @192.0.2.7 openssh/gave-up'],
  [
    'sshd[1]: Disconnected from authenticating user root 192.0.2.7 port 22 [preauth]',
    'auth failure root@192.0.2.7 openssh/gave-up',
  ],
  [
    'sshd[1]: Disconnecting authenticating user root 192.0.2.7 port 22: Too many authentication failures [preauth]',
    'auth failure root@192.0.2.7 openssh/gave-up',
  ],
  [
    'sshd[1]: error: maximum authentication attempts exceeded for invalid user bob from 192.0.2.7 port 22 ssh2 [preauth]',
    'auth failure bob@192.0.2.7 openssh/too-many',
  ],
  [
    'sshd[1]: User root from 192.0.2.7 not allowed because not listed in AllowUsers',
    'auth failure root@192.0.2.7 openssh/not-allowed',
  ],
  ['sshd[1]: User bob not allowed because account is locked', 'auth failure bob@ openssh/not-allowed'],
  ['sshd[1]: ROOT LOGIN REFUSED FROM 192.0.2.7 port 22', 'auth failure root@192.0.2.7 openssh/root-refused'],
  ['sshd[1]: error: PAM: Authentication failure for root from 192.0.2.7', 'auth failure root@192.0.2.7 openssh/pam'],
  [
    'sshd[1]: Authentication tried for bob with correct key but not from a permitted host (host=a.example, ip=192.0.2.7).',
    'auth failure bob@192.0.2.7 openssh/not-permitted-host',
  ],
  ['sshd[1]: fatal: Timeout before authentication for 192.0.2.7 port 22', 'auth failure @192.0.2.7 openssh/timeout'],
  [
    'sshd[1]: fatal: Access denied for user bob by PAM account configuration [preauth]',
    'account failure bob@ openssh/account',
  ],
  [
    'sshd[1]: pam_unix(sshd:account): account bob has expired (account expired)',
    'account failure bob@ openssh/account',
  ],
  [
    'sshd[1]: pam_unix(sshd:session): session opened for user alice(uid=1000) by (uid=0)',
    'open_session success alice@ openssh/session-opened',
  ],
  [
    'sshd[1]: Disconnected from user alice 192.0.2.7 port 22',
    'close_session success alice@192.0.2.7 openssh/disconnected',
  ],
  [`sshd[1]: ${pamFailure('root')}`, 'auth failure root@192.0.2.7 openssh/authentication-failure'],
  ['su[1]: FAILED SU (to root) alice on pts/1', 'auth failure root@ su/refused'],
  ['su[1]: (to root) alice on pts/1', 'open_session success root@ su/became'],
  ['su[1]: pam_unix(su:session): session closed for user root', 'close_session success root@ su/session-closed'],
  [
    'sudo: alice : 3 incorrect password attempts ; TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/ls',
    'auth failure root@ sudo/refused',
  ],
  [
    'sudo: mallory : user NOT in sudoers ; TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/ls',
    'account failure root@ sudo/not-allowed',
  ],
  ['sudo: alice : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/ls', 'open_session success root@ sudo/became'],
  ['vsftpd[1]: [bob] FAIL LOGIN: Client "192.0.2.7"', 'auth failure bob@192.0.2.7 vsftpd/refused'],
  ['vsftpd[1]: [bob] OK LOGIN: Client "::ffff:192.0.2.7"', 'open_session success bob@::ffff:192.0.2.7 vsftpd/login'],
  [
    'dovecot: imap-login: Disconnected (auth failed, 2 attempts in 8 secs): user=<bob>, method=PLAIN, rip=192.0.2.7, lip=192.0.2.1',
    'auth failure bob@192.0.2.7 dovecot/refused',
  ],
  [
    'dovecot: imap-login: Login aborted: Connection closed (auth failed, 1 attempts in 2 secs) (auth_failed): user=<bob>, method=PLAIN, rip=192.0.2.7, lip=192.0.2.1',
    'auth failure bob@192.0.2.7 dovecot/refused',
  ],
  [
    'dovecot: pop3-login: Login: user=<bob>, method=PLAIN, rip=192.0.2.7, lip=192.0.2.1, mpid=9',
    'open_session success bob@192.0.2.7 dovecot/login',
  ],
  [
    'xscreensaver: pam_unix(xscreensaver:auth): authentication failure; logname= uid=1000 euid=1000 tty=:0 ruser= rhost=  user=alice',
    'auth failure alice@ pam/authentication-failure',
  ],
]

describe('the ready-made rules', () => {
  for (const [line, says] of cases)
    test(says, () => {
      const [event] = eventsOf([at(0, line)])
      assert.ok(event, line)
      const { type, outcome, user, rhost, log } = event
      assert.equal(`${type} ${outcome} ${user ?? ''}@${rhost ?? ''} ${log.rule}`, says)
    })

  test('leave alone what is no attempt', () => {
    const lines = [
      'sshd[1]: Received disconnect from 192.0.2.7 port 22:11: Bye Bye [preauth]',
      'sshd[1]: pam_unix(sshd:auth): check pass; user unknown',
      'klogind[1]: Authentication failed from 192.0.2.7 (192.0.2.7): Software caused connection abort',
      'klogind[1]: Kerberos authentication failed',
      'ftpd[1]: connection from 192.0.2.7 () at Fri Nov 20 08:00:00 2026',
      'other[1]: Failed password for root from 192.0.2.7 port 22 ssh2',
    ]
    assert.deepEqual(
      eventsOf(lines.map((line) => at(0, line))),
      lines.map(() => null),
    )
  })

  test('make events that are right in every field, whatever a user calls himself', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme-ascii', minLength: 1 }), (name) => {
        const user = name.replaceAll('\\', '').trim() || 'x'
        const [event] = eventsOf([at(0, `sshd[7]: Failed password for ${user} from 192.0.2.7 port 22 ssh2`)])
        assert.deepEqual(
          [event?.user?.replace(/^invalid user /, ''), event?.rhost],
          [user.replace(/^(invalid|illegal) user /, ''), '192.0.2.7'],
        )
        const { log, ...plain } = event ?? { log: null }
        assert.ok(log)
        assert.equal(parseEvent(JSON.stringify(plain)).pid, 7)
      }),
    )
  })

  test('take the address that sshd wrote, not one that a user typed', () => {
    const lie = 'root from 198.51.100.1 port 1 ssh2'
    for (const said of [
      `Failed password for invalid user ${lie} from 192.0.2.7 port 22 ssh2`,
      `Failed publickey for invalid user ${lie}: RSA SHA256:x from 192.0.2.7 port 22 ssh2: ED25519 SHA256:y`,
      `Invalid user ${lie} from 192.0.2.7 port 22`,
      `Connection closed by invalid user ${lie} 192.0.2.7 port 22 [preauth]`,
    ])
      assert.equal(eventsOf([at(0, `sshd[1]: ${said}`)])[0]?.rhost, '192.0.2.7')
  })

  test('take no address from what a client has written behind it', () => {
    const real = 'from 192.0.2.7 port 22'
    const lie = 'x from 198.51.100.1 port 1 ssh2: RSA SHA256:x'
    const fails = (user: string, id: string) =>
      `sshd[1]: Failed publickey for ${user} ${real} ssh2: RSA-CERT SHA256:y ID ${id} (serial 0) CA RSA SHA256:z`
    const hostbased = (host: string) =>
      `sshd[1]: Failed hostbased for bob ${real} ssh2: RSA SHA256:y, client user "a", client host "${host}"`
    const dovecot = (user: string) =>
      `dovecot: imap-login: Disconnected (auth failed, 1 attempts in 2 secs): user=<${user}>, method=PLAIN, rip=192.0.2.7, lip=192.0.2.1, session=<ab>`
    const changed = `Change of username or service not allowed: (bob,ssh-connection) -> (x 198.51.100.1 port 1: y,z)`
    const told: [line: string, rule: string, rhost: string | null][] = [
      [fails('bob', 'laptop'), 'openssh/failed-key', '192.0.2.7'],
      [fails('bob', lie), 'openssh/failed-key', null],
      [fails(lie, 'laptop'), 'openssh/failed-key', null],
      [hostbased('laptop.example'), 'openssh/failed-key', '192.0.2.7'],
      [hostbased(lie), 'openssh/failed-key', null],
      [`sshd[1]: Disconnecting invalid user bob 192.0.2.7 port 22: ${changed} [preauth]`, 'openssh/changed-user', null],
      [dovecot('bob'), 'dovecot/refused', '192.0.2.7'],
      [dovecot('bob>, rip=198.51.100.1, x=<'), 'dovecot/refused', '192.0.2.7'],
    ]
    for (const [line, rule, rhost] of told) {
      const [event] = eventsOf([at(0, line)])
      assert.deepEqual([event?.log.rule, event?.rhost], [rule, rhost], line)
    }
  })
})

describe('repeats', () => {
  test('that rsyslog folds count as often as it says', () => {
    const [event] = eventsOf([
      at(0, 'sshd[1]: message repeated 5 times: [ Failed password for root from 192.0.2.7 port 22 ssh2]'),
    ])
    assert.deepEqual([event?.log.count, event?.user], [5, 'root'])
  })

  test('of the last line are of the last line', () => {
    const events = eventsOf([
      at(0, 'sshd[1]: Failed password for root from 192.0.2.7 port 22 ssh2'),
      at(5, 'last message repeated 3 times'),
      at(6, 'sshd[1]: nothing that anybody knows'),
      at(7, 'last message repeated 9 times'),
    ])
    assert.deepEqual(
      events.map((event) => event && [event.log.count, event.user, event.time.slice(17, 19)]),
      [[1, 'root', '00'], [3, 'root', '05'], null, null],
    )
  })
})

describe('a pattern', () => {
  const own = compileRule({
    ...{ name: 'app', programs: null, type: 'log', outcome: 'failure', what: '', service: 'app', witness: 'app' },
    pattern: '^login of (?P<user>\\S+) from (?P<rhost>\\S+) failed, code (?P<code>\\d+)',
  })

  test('fills the event from its named groups', () => {
    const [event] = eventsOf(
      [at(0, 'app[9]: login of bob from 192.0.2.7 failed, code 17')],
      [{ ...readyMade(), rules: [own] }],
    )
    const { type, service, user, rhost, pid, log } = event ?? {}
    assert.deepEqual(
      [type, service, user, rhost, pid, log?.fields],
      ['log', 'app', 'bob', '192.0.2.7', 9, { code: '17' }],
    )
  })

  test('takes no longer for a line that is made to hold it up', () => {
    const evil = compileRule({ ...own, pattern: '(a+)+$' })
    assert.equal(evil.matches(`${'a'.repeat(4000)}!`), null)
  })

  const failed = (second: number, user = 'bob') => at(second, `app[9]: login of ${user} from 192.0.2.7 failed, code 1`)
  const counts = (type: 'limit' | 'threshold' | 'both', lines: string[], trackBy: string[] = []) =>
    eventsOf(lines, [{ ...readyMade(), rules: [own], threshold: { type, count: 3, seconds: 60, trackBy } }]).map(
      (event) => event?.log.count ?? 0,
    )
  const burst = [0, 1, 2, 3, 4, 5, 6].map((second) => failed(second))

  test('with a limit speaks of the first ones, and then of those that were held back', () => {
    assert.deepEqual(counts('limit', [...burst, failed(60)]), [1, 1, 1, 0, 0, 0, 0, 5])
  })

  test('with a threshold speaks at every third', () => {
    assert.deepEqual(counts('threshold', burst), [0, 0, 3, 0, 0, 3, 0])
  })

  test('with both speaks once in a while', () => {
    assert.deepEqual(counts('both', [...burst, failed(70), failed(71), failed(72)]), [0, 0, 3, 0, 0, 0, 0, 0, 0, 7])
  })

  test('counts for each value that it tracks', () => {
    const lines = ['a', 'b', 'a', 'b', 'a'].map((user, second) => failed(second, user))
    assert.deepEqual(counts('threshold', lines, ['user']), [0, 0, 0, 0, 3])
  })

  test('is known by the same id when its line is read again, and by another one elsewhere', () => {
    const [first, second] = eventsOf([failed(0), failed(0)], [{ ...readyMade(), rules: [own] }])
    const [again] = eventsOf([failed(0)], [{ ...readyMade(), rules: [own] }])
    assert.equal(first?.id, again?.id)
    assert.notEqual(first?.id, second?.id)
  })
})

// What sshd(8) writes of attempts and logins, since 5.x; up to 9.7 as sshd, then as sshd-session and sshd-auth.
// Users type their names: each pattern reads the address from the end of the line, where sshd puts it. Where a
// client's words stand behind it, too, no word may hold a blank, or the address is nobody's.
import type { RuleText } from '../rule.ts'
import { pamRules } from './pam.ts'

const PROGRAMS = ['sshd', 'sshd-session', 'sshd-auth']

const FROM = 'from (?P<rhost>\\S+)'
const PORT = '(?: port (?P<port>\\d+))?'
const KEY = ': (?P<key_type>[\\w-]+) (?P<fingerprint>(?:SHA256|MD5):[\\w+/:]+)'
/** The certificate's own name, and whom a host says to speak for. */
const CLIENT = '(?: ID \\S* \\(serial \\d+\\) CA \\S+ \\S+|, client user "\\S*", client host "\\S*")'
const FAILED_KEY = '^Failed (?P<method>publickey|hostbased) for (?:invalid user )?'
const END = '(?: \\[preauth\\])?$'

type Shape = Pick<RuleText, 'name' | 'pattern' | 'what' | 'witness'> & Partial<RuleText>

const refused: Shape[] = [
  {
    // A client that asks which methods there are.
    name: 'failed-none',
    pattern: `^Failed (?P<method>none) for (?:invalid user )?(?P<user>.*) ${FROM}${PORT}(?: ssh\\d)?$`,
    what: 'no such user',
    witness: 'sshd:none',
  },
  {
    name: 'failed-key',
    pattern: `${FAILED_KEY}(?P<user>.*) ${FROM}${PORT}(?: ssh\\d)?(?:${KEY})?$`,
    what: 'key refused',
    witness: 'sshd:key',
  },
  {
    name: 'failed-key',
    pattern: `${FAILED_KEY}(?P<user>\\S*) ${FROM}${PORT} ssh\\d${KEY}${CLIENT}$`,
    what: 'key refused',
    witness: 'sshd:key',
  },
  {
    name: 'failed-key',
    pattern: `${FAILED_KEY}(?P<user>.*)$`,
    what: 'key refused, from where is not clear',
    witness: 'sshd:key',
  },
  {
    name: 'failed',
    pattern: `^Failed (?P<method>\\S+) for (?:invalid user |illegal user )?(?P<user>.*) ${FROM}${PORT}(?: ssh\\d)?$`,
    what: 'password refused',
    witness: 'sshd:failed',
  },
  {
    name: 'invalid-user',
    pattern: `^(?:Invalid|Illegal) user (?P<user>.*) ${FROM}${PORT}$`,
    what: 'no such user',
    witness: 'sshd:user',
  },
  {
    name: 'not-allowed',
    pattern: `^User (?P<user>.*) ${FROM} not allowed because (?P<reason>.*)$`,
    what: 'not allowed, {reason}',
    witness: 'sshd:user',
  },
  {
    name: 'not-allowed',
    pattern: '^User (?P<user>\\S+) not allowed because (?P<reason>.*)$',
    what: 'not allowed, {reason}',
    witness: 'sshd:user',
  },
  {
    name: 'root-refused',
    pattern: `^ROOT LOGIN REFUSED FROM (?P<rhost>\\S+)${PORT}$`,
    what: 'root may not log in',
    witness: 'sshd:root',
    user: 'root',
  },
  {
    name: 'not-permitted-host',
    pattern:
      '^Authentication tried for (?P<user>.*) with (?:correct|valid) (?:key|certificate) but not from a permitted host \\(host=.*, ip=(?P<rhost>[^,)]+).*$',
    what: 'right key, but from a host that may not',
    witness: 'sshd:host',
    method: 'publickey',
  },
  {
    name: 'pam',
    pattern: `^(?:error: )?PAM: (?P<reason>.+?) for (?:illegal user |invalid user )?(?P<user>.*) ${FROM}$`,
    what: 'password refused',
    witness: 'sshd:pam',
    method: 'keyboard-interactive/pam',
  },
  {
    name: 'too-many',
    pattern: `^(?:error: )?maximum authentication attempts exceeded for (?:invalid user )?(?P<user>.*) ${FROM}${PORT}(?: ssh\\d)?${END}`,
    what: 'too many attempts',
    witness: 'sshd:max',
  },
  {
    name: 'too-many',
    pattern: `^Disconnecting: Too many authentication failures(?: for (?P<user>.*))?${END}`,
    what: 'too many attempts',
    witness: 'sshd:end',
  },
  {
    name: 'gave-up',
    pattern: `^(?:Connection (?:closed|reset) by|Disconnected from|Disconnecting) (?:authenticating|invalid) user (?P<user>.*) (?P<rhost>\\S+) port (?P<port>\\d+)(?:: (?P<reason>[^:()]*))?${END}`,
    what: 'connection ended before the login',
    witness: 'sshd:end',
  },
  {
    name: 'changed-user',
    pattern: `^Disconnecting (?:authenticating|invalid) user .*: Change of username or service not allowed: .*${END}`,
    what: 'another user name on the same connection',
    witness: 'sshd:end',
  },
  {
    name: 'timeout',
    pattern: `^(?:fatal: )?Timeout before authentication for (?:connection from )?(?P<rhost>[^ ,]+)(?: to [^ ,]+, pid = (?P<pid>\\d+)| port (?P<port>\\d+))?$`,
    what: 'no login in time',
    witness: 'sshd:end',
  },
]

const others: Shape[] = [
  {
    name: 'accepted',
    pattern: `^Accepted (?P<method>\\S+) for (?P<user>.*?) ${FROM}${PORT}(?: ssh\\d)?(?:${KEY}.*)?$`,
    type: 'open_session',
    outcome: 'success',
    what: '',
    witness: 'sshd',
  },
  {
    name: 'account',
    pattern: `^(?:fatal: )?Access denied for user (?P<user>.*) by PAM account configuration${END}`,
    type: 'account',
    what: 'account expired or locked',
    witness: 'sshd',
  },
  {
    name: 'disconnected',
    pattern: '^Disconnected from user (?P<user>.*) (?P<rhost>\\S+) port (?P<port>\\d+)$',
    type: 'close_session',
    outcome: 'success',
    what: '',
    witness: 'sshd',
  },
]

export const openssh: RuleText[] = [
  ...[...refused, ...others].map((shape) => ({
    type: 'auth' as const,
    outcome: 'failure' as const,
    ...shape,
    name: `openssh/${shape.name}`,
    programs: PROGRAMS,
    service: 'sshd',
  })),
  ...pamRules('openssh', PROGRAMS, 'sshd'),
]

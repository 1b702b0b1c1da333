// What libpam's modules write, whatever program called them. pam_unix(8)
import type { RuleText } from '../rule.ts'

const PREFIX = '^(?:(?P<module>pam_\\w+)\\((?P<service>[^:)]*)(?::\\w+)?\\): )?'
const WHO =
  'logname=.*? uid=(?P<uid>\\d+) euid=\\d+ tty=(?P<tty>.*?) ruser=(?P<ruser>.*?) rhost=(?P<rhost>\\S*)(?:\\s+user=(?P<user>.*))?$'

type Shape = Pick<RuleText, 'name' | 'pattern' | 'type' | 'outcome' | 'what'>

const FAILURE: Shape[] = [
  {
    name: 'authentication-failure',
    pattern: `${PREFIX}authentication failure; ${WHO}`,
    type: 'auth',
    outcome: 'failure',
    what: 'password refused',
  },
  {
    // Of one conversation, after its first: told when it ends.
    name: 'more-failures',
    pattern: `${PREFIX}(?:PAM )?(?P<count>\\d+) more authentication failures?; ${WHO}`,
    type: 'auth',
    outcome: 'failure',
    what: 'password refused',
  },
]

const SESSION: Shape[] = [
  {
    name: 'session-opened',
    pattern: `${PREFIX}session opened for user (?P<user>.+?)(?:\\(uid=\\d+\\))? by (?P<ruser>.*?)\\(uid=(?P<uid>\\d+)\\)$`,
    type: 'open_session',
    outcome: 'success',
    what: '',
  },
  {
    name: 'session-closed',
    pattern: `${PREFIX}session closed for user (?P<user>.+)$`,
    type: 'close_session',
    outcome: 'success',
    what: '',
  },
  {
    name: 'account',
    pattern: `${PREFIX}(?:account|expired password for user) (?P<user>\\S+) (?:has (?:password )?expired|\\().*$`,
    type: 'account',
    outcome: 'failure',
    what: 'account expired or locked',
  },
]

const of = (
  shapes: readonly Shape[],
  set: string,
  programs: RuleText['programs'],
  service: string | null,
): RuleText[] =>
  shapes.map((shape) => ({
    ...shape,
    name: `${set}/${shape.name}`,
    programs,
    service,
    witness: '{module}',
    ...(shape.type === 'auth' && { method: 'password' }),
  }))

/** All that PAM's modules tell of these programs. */
export const pamRules = (set: string, programs: readonly string[], service: string | null) =>
  of([...FAILURE, ...SESSION], set, programs, service)

/** A refused password, wherever. */
export const authenticationFailure = of(FAILURE, 'pam', null, null)

export const login = pamRules(
  'login',
  ['login', 'gdm', 'gdm-password', 'gdm-fingerprint', 'lightdm', 'sddm', 'sddm-helper', 'xdm', 'cockpit-session'],
  null,
)

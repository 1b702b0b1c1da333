// What vsftpd and Dovecot write of logins, through syslog or to files of their own.
import type { RuleText } from '../rule.ts'

const refused = { type: 'auth', outcome: 'failure', what: 'password refused', method: 'password' } as const
const loggedIn = { type: 'open_session', outcome: 'success', what: '' } as const

const VSFTPD = { programs: ['vsftpd', ''], service: 'vsftpd', witness: 'vsftpd' } as const
const vsftpdSays = (what: string) =>
  `^(?:\\[pid (?P<pid>\\d+)\\] )?\\[(?P<user>.*)\\] ${what} LOGIN: Client "(?P<rhost>[^"]*)"`

export const vsftpd: RuleText[] = [
  { ...VSFTPD, ...refused, name: 'vsftpd/refused', pattern: vsftpdSays('FAIL') },
  { ...VSFTPD, ...loggedIn, name: 'vsftpd/login', pattern: vsftpdSays('OK') },
]

const DOVECOT = { programs: ['dovecot', ''], service: 'dovecot', witness: 'dovecot' } as const
const PROTOCOL = '^(?P<protocol>imap|pop3|submission|managesieve|lmtp)-login: (?:Info: )?'
/** Behind the address stands nothing that a client chose. */
const CLIENT = 'user=<(?P<user>.*)>.*, rip=(?P<rhost>[^,]+)'

export const dovecot: RuleText[] = [
  {
    ...DOVECOT,
    ...refused,
    name: 'dovecot/refused',
    pattern: `${PROTOCOL}(?:Disconnected|Aborted login|Login aborted).*?\\(auth failed, (?P<count>\\d+) attempts.*?\\):? ${CLIENT}`,
  },
  { ...DOVECOT, ...loggedIn, name: 'dovecot/login', pattern: `${PROTOCOL}Login: ${CLIENT}` },
]

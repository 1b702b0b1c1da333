// What su(1), of util-linux and of shadow, and sudo(8) write.
import type { RuleText } from '../rule.ts'
import { pamRules } from './pam.ts'

type Shape = Pick<RuleText, 'name' | 'pattern' | 'type' | 'outcome' | 'what'>

const set = (program: string, shapes: readonly Shape[]): RuleText[] => [
  ...shapes.map((shape) => ({
    ...shape,
    name: `${program}/${shape.name}`,
    programs: [program],
    service: program,
    witness: program,
  })),
  ...pamRules(program, [program], program),
]

const refused = { name: 'refused', type: 'auth', outcome: 'failure', what: 'password refused' } as const
const became = { name: 'became', type: 'open_session', outcome: 'success', what: '' } as const

export const su = set('su', [
  { ...refused, pattern: '^FAILED SU \\(to (?P<user>.*)\\) (?P<ruser>.*) on (?P<tty>.*)$' },
  { ...refused, pattern: '^FAILED su for (?P<user>.*) by (?P<ruser>.*)$' },
  { ...refused, pattern: '^- (?P<tty>\\S+) (?P<ruser>.*):(?P<user>.*)$' },
  { ...became, pattern: '^\\(to (?P<user>.*)\\) (?P<ruser>.*) on (?P<tty>.*)$' },
  { ...became, pattern: '^Successful su for (?P<user>.*) by (?P<ruser>.*)$' },
  { ...became, pattern: '^\\+ (?P<tty>\\S+) (?P<ruser>.*):(?P<user>.*)$' },
])

const ASKED = '(?:TTY=(?P<tty>.*?) ; )?PWD=.*? ; USER=(?P<user>.*?) ; (?:.* ; )?COMMAND=(?P<command>.*)$'

export const sudo = set('sudo', [
  { ...refused, pattern: `^(?P<ruser>.*?) : (?P<count>\\d+) incorrect password attempts? ; ${ASKED}` },
  {
    ...refused,
    name: 'not-allowed',
    pattern: `^(?P<ruser>.*?) : (?P<reason>(?:user )?NOT in sudoers|(?:user )?NOT authorized on host|command not allowed) ; ${ASKED}`,
    type: 'account',
    what: '{reason}',
  },
  { ...became, pattern: `^(?P<ruser>\\S+) : ${ASKED}` },
])

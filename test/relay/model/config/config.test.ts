import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { parseConfig } from '../../../../relay/model/config/config.ts'
import type { Kinds } from '../../../../relay/model/config/notifiers.ts'
import { kinds } from '../../../../relay/notifiers/index.ts'
import { runs } from '../../../helpers/fuzz.ts'

const parse = (text: string) => parseConfig(text, kinds as Kinds)

/** "line: where: message" of all errors. */
const errorsOf = (text: string) => parse(text).errors.map(({ line, where, message }) => `${line}: ${where}: ${message}`)

/** Bad input → the whole of what is said about it. */
const BAD: [text: string, ...said: string[]][] = [
  ['[notifier.ops]\ntype = "journal"', '1: notifier: unknown key; did you mean "notifiers"?'],
  [
    '[notifiers.ops]\ntype = "webhook"\nurl = "https://a.example"\nsecret = "x"\nsecret_file = "/s"',
    '4: notifiers.ops.secret: unknown key; "secret_file" names the file that has it',
  ],
  ['[notifiers.ops]\nurl = "https://a.example"', '1: notifiers.ops: "type" is missing'],
  ['[notifiers.ops]\ntype = "webook"', '2: notifiers.ops.type: there is no kind "webook"; did you mean "webhook"?'],
  [
    '[notifiers.ops]\ntype = "webhook"\nurl = "http://10.0.0.1/hook"\nsecret_file = "/s"',
    '3: notifiers.ops.url: must be an https:// address; plain http:// only to this machine (127.0.0.1, [::1], localhost)',
  ],
  [
    '[notifiers.ops]\ntype = "webhook"\nurl = "http://127.0.0.1.evil.example/"\nsecret_file = "s"',
    '3: notifiers.ops.url: must be an https:// address; plain http:// only to this machine (127.0.0.1, [::1], localhost)',
    '4: notifiers.ops.secret_file: must be an absolute path',
  ],
  [
    '[notifiers.a]\ntype = "journal"\n[notifiers.a.budget]\nper_day = 0\nper_hour = 3',
    '4: notifiers.a.budget.per_day: must be >= 1',
    '5: notifiers.a.budget.per_hour: unknown key; known: per_15m, per_day, per_month',
  ],
  ['[notifiers."a b"]\ntype = "journal"', '1: notifiers.a b: a name is made of letters, digits, _ and -'],
  [
    '[notifiers.phone]\ntype = "journal"\n\n[[routes]]\nnotify = []\n[[routes]]\nnotify = ["fone"]',
    '7: routes[2].notify: there is no notifier "fone"; did you mean "phone"?',
  ],
  ['[[routes]]\nmatch = { usr = "x" }\nnotify = []', '2: routes[1].match.usr: unknown key; did you mean "user"?'],
  ['[[routes]]\nmatch = { user = 3 }\nnotify = []', '2: routes[1].match.user: must be a text in quotes or a list'],
  [
    '[[routes]]\nmatch = { source = ["10.0.0.0/8", "10.0.0.0/33", "home"] }\nnotify = []',
    '2: routes[1].match.source: "10.0.0.0/33" is neither an address nor a network such as 10.0.0.0/8',
    '2: routes[1].match.source: "home" is neither an address nor a network such as 10.0.0.0/8',
  ],
  [
    '[[routes]]\nnotify = []\ngroup_by = ["sorce"]\ngroup_interval = "5 min"',
    '3: routes[1].group_by[1]: "sorce" is none of service, type, outcome, user, ruser, tty, host, source, method, key, admin, country, owner, situation, rule',
    '4: routes[1].group_interval: must be a duration such as 30s, 5m, 1h30m',
  ],
  ['[retention]\nmax_age = "12h"', '2: retention.max_age: must be a duration such as 90d, and at least 1d'],
  ['[privacy]\nmask = { source = "blur" }', '2: privacy.mask.source: "blur" is none of hide, token, network'],
  ['[keys]\n"MD5:1" = "x"', '2: keys.MD5:1: must be a fingerprint as ssh-keygen -l prints it: SHA256:...'],
  ['[geo]\ndatabase = ["GeoIP.mmdb"]', '2: geo.database[1]: must be an absolute path'],
  [
    '[[routes]]\nmatch_re = { user = "adm(in" }\nnotify = []\n[[routes]]\nmatch_re = { user = [\n"a",\n"(?=x)"] }\nnotify = []',
    '2: routes[1].match_re.user: column 22: missing closing )',
    '7: routes[2].match_re.user[2]: column 2: invalid or unsupported Perl syntax',
  ],
  [
    '[[routes]]\nmatch = { type = "login", outcome = ["failure"] }\nnot = { source = "home" }\nnotify = []',
    '2: routes[1].match.type: "login" is none of auth, account, password, open_session, close_session, log',
    '3: routes[1].not.source: "home" is neither an address nor a network such as 10.0.0.0/8',
  ],
  [
    '[[routes]]\ntimes = ["monday"]\ntime_zone = "Berlin"\nnotify = []\nmute = ["nite"]\n[[mute]]\nname = "night"\ntimes = ["22:00-25:00"]',
    '2: routes[1].times[1]: must be times of the week such as "mon-fri 08:00-18:00", "sat,sun" or "22:00-07:00"',
    '3: routes[1].time_zone: must be a time zone such as Europe/Berlin or UTC',
    '8: mute[1].times[1]: must be times of the week such as "mon-fri 08:00-18:00", "sat,sun" or "22:00-07:00"',
  ],
  [
    '[notifiers.ops]\ntype = "journal"\ntemplate = { title = "{usr}", text = "{ x" }\n[digest]\nat = "08:00"\nnotify = ["op"]',
    '3: notifiers.ops.template.title: there is no field {usr}; did you mean "user"?',
    '3: notifiers.ops.template.text: a { or } that is meant is written twice: {{',
    '6: digest.notify: there is no notifier "op"; did you mean "ops"?',
  ],
  ['[digest]\nat = "8"\nnotify = ["journal"]', '2: digest.at: must be a time of day such as "08:00"'],
  ['[[routes]]\nnotify = []\nmute = ["nite"]', '3: routes[1].mute: there is no [[mute]] named "nite"'],
  ['[[watch]]\nrules = "openssh"', '1: watch[1]: a watch has either file = "/PATH" or journal = true'],
  [
    '[[watch]]\nfile = "/var/log/auth.log"\nunits = ["ssh"]\nrules = "su"',
    "1: watch[1]: units and identifiers are the journal's",
  ],
  [
    '[[watch]]\njournal = true',
    '1: watch[1]: "rules" (openssh, su, sudo, login, vsftpd, dovecot, authentication-failure) or "pattern" is missing',
  ],
  [
    '[[watch]]\njournal = true\nrules = ["su", "opensh"]',
    '3: watch[1].rules: there is no rule set "opensh"; did you mean "openssh"?',
  ],
  [
    '[[watch]]\njournal = true\npattern = "x"',
    '1: watch[1]: "name" is missing: what alerts and routes call this pattern',
  ],
  [
    '[[watch]]\njournal = true\nname = "app"\npattern = \'failed (for|from\'\nignore = ["x**"]',
    '4: watch[1].pattern: column 12: missing closing )',
    '5: watch[1].ignore: column 13: invalid nested repetition operator',
  ],
  [
    '[[watch]]\njournal = true\nrules = "su"\nthreshold = { type = "often", count = 0 }',
    '4: watch[1].threshold: "seconds" is missing',
    '4: watch[1].threshold.type: "often" is none of limit, threshold, both',
    '4: watch[1].threshold.count: must be >= 1',
  ],
  [
    '[[routes]]\nnotify = ["fone"]\npriority = 9\n[[watch]]\njournal = true\n[opps]',
    '3: routes[1].priority: 9 is none of -2, -1, 0, 1, 2',
    '4: watch[1]: "rules" (openssh, su, sudo, login, vsftpd, dovecot, authentication-failure) or "pattern" is missing',
    '6: opps: unknown key; did you mean "ops"?',
  ],
  ['[ops]\nlisten = "localhost"', '2: ops.listen: must be ADDRESS:PORT, e.g. 127.0.0.1:9465'],
  ['[network]\nproxy = "socks5://127.0.0.1:1"', '2: network.proxy: must be http://HOST:PORT'],
  ['[ops]\nlisten = # where\n[network]', '2: column 17: a value is missing behind the ='],
  ['[ops]\n\nlisten = "127.0.0.1:1" x', '3: column 24: Must be a newline'],
]

describe('the configuration', () => {
  for (const [text, ...said] of BAD)
    test(`says: ${said[0]}`, () => {
      assert.deepEqual(errorsOf(text), said)
      assert.equal(parse(text).config, null)
    })

  test('an empty file is the defaults: every login to the journal', () => {
    const { config, warnings } = parse('')
    assert.deepEqual(
      config?.notifiers.map(({ name }) => name),
      ['journal'],
    )
    assert.deepEqual(config?.routes.at(-1)?.notify, ['journal'])
    assert.deepEqual(warnings, [])
  })

  test('notifiers without routes get routes', () => {
    const { config } = parse('[notifiers.a]\ntype = "journal"\n[notifiers.b]\ntype = "journal"')
    assert.deepEqual(
      config?.routes.map(({ notify }) => notify),
      [[], [], ['a', 'b'], ['a', 'b'], ['a', 'b']],
    )
    assert.deepEqual(config?.routes[3]?.groupBy, ['source'])
  })

  test('a notifier that no route names is a warning', () => {
    const { config, warnings } = parse('[notifiers.a]\ntype = "journal"\n[[routes]]\nnotify = []')
    assert.notEqual(config, null)
    assert.deepEqual(warnings, [
      { line: 1, where: 'notifiers.a', message: 'no route names this notifier: it never gets an alert' },
    ])
  })

  test('a route is read as it is written', () => {
    const { config } = parse(
      '[[routes]]\nmatch = { user = "root", service = ["su", "sudo"] }\nnotify = ["journal"]\ngroup_by = ["user"]\ngroup_interval = "1h30m"\npriority = -1\ncontinue = true\n[notifiers.journal]\ntype = "journal"',
    )
    assert.deepEqual(config?.routes, [
      {
        name: null,
        match: { user: ['root'], service: ['su', 'sudo'] },
        matchRe: {},
        not: {},
        times: null,
        notify: ['journal'],
        mute: [],
        groupBy: ['user'],
        groupIntervalMs: 5_400_000,
        priority: -1,
        continue: true,
      },
    ])
  })

  test('no text crashes it, and every error has a line of the text', () => {
    const word = fc.constantFrom(
      '[',
      ']',
      '[[routes]]',
      'notify',
      '=',
      '"a"',
      '\n',
      '.',
      '__proto__',
      '{',
      '}',
      ',',
      '1',
      '#',
      "'''",
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(word).map((words) => words.join(' ')),
        ),
        (text) => {
          for (const { line } of parse(text).errors)
            assert.ok(line >= 1 && line <= text.split('\n').length + 1, String(line))
        },
      ),
      runs(2000),
    )
    assert.equal(({} as Record<string, unknown>).x, undefined)
    parse('__proto__.x = 1')
    assert.equal(({} as Record<string, unknown>).x, undefined, 'no key reaches a prototype')
  })
})

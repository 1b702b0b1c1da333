// pam-alert config check | example: errors with line numbers; a file to start from.

import { PamAlertError } from '../model/errors.ts'
import type { Paths } from '../model/paths.ts'
import type { Problem } from '../model/problems.ts'
import { plural } from '../model/text.ts'
import { kinds } from '../notifiers/index.ts'
import { createSecretReader, loadSettings, readConfig } from '../settings.ts'
import { complain, say, style } from './terminal.ts'

/** @throws {PamAlertError} config_invalid, config_unreadable */
export function check(paths: Paths) {
  const text = readConfig(paths.config)
  const { settings, errors, warnings } = loadSettings(text, createSecretReader(paths), () => Buffer.alloc(0))
  const tell = (label: string, { line, where, message }: Problem) =>
    complain(`${paths.config}:${line}: ${label}${where}: ${message}`)
  for (const warning of warnings) tell('warning: ', warning)
  for (const error of errors) tell('', error)
  if (settings === null) throw new PamAlertError('config_invalid')
  if (text === null) return say(`${paths.config} does not exist: every login goes to the journal.`)
  const { notifiers, routes } = settings.config
  say(`${style('green', 'ok')}  ${plural(notifiers.length, 'notifier')}, ${plural(routes.length, 'route')}`)
}

const HEAD = `# /etc/pam-alert/config.toml. Without this file every login goes to the journal.
# pam-alert config check finds mistakes; a broken file leaves the old one at work.
# Secrets are files of root's that nobody else can read: chmod 600.
`

const TAIL = `
# What is sent where: the first match wins, unless it says continue = true.
# These are the routes that apply if there are none:

[[routes]]                              # stored and counted, not sent
match = { service = ["cron", "crond", "atd", "systemd-user"] }
notify = []

[[routes]]
match = { type = "close_session" }
notify = []

[[routes]]                              # somebody got in after many refusals
match = { situation = "break_in" }
notify = [NAMES]
priority = 1

[[routes]]                              # the first at once, the rest as a count, ever more rarely
match = { outcome = "failure" }
notify = [NAMES]
group_by = ["source"]
group_interval = "5m"

[[routes]]                              # logins at once; the same one again as a count
notify = [NAMES]
group_by = ["service", "type", "user", "ruser", "source", "method", "key"]
group_interval = "1h"

# A route may ask for more, e.g. for root at night, but not from the office:
# [[routes]]
# match = { user = "root" }
# match_re = { service = "(vs)?ftpd?" } # RE2; the whole value must match
# not = { source = "10.0.0.0/8" }
# times = ["22:00-07:00", "sat,sun"]
# time_zone = "Europe/Berlin"           # or else the machine's own
# notify = [NAMES]
# mute = ["holiday"]                    # counted, and told when that is over
# [[mute]]
# name = "holiday"
# times = ["mon-sun"]
# [[inhibit]]                           # while one goes on, the other is counted, and told every hour
# name = "flood"
# source = { situation = "brute_force" }
# target = { outcome = "failure" }
# equal = ["source"]
# for = "1h"

# [keys]                                # what alerts call a key; pam-alert keys learn finds out by itself
# "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU" = "alice's laptop"

# [geo]                                 # MMDB files of yours: country, network owner
# database = ["/var/lib/GeoIP/GeoLite2-Country.mmdb", "/var/lib/GeoIP/GeoLite2-ASN.mmdb"]

# [privacy]                             # who is refused under a name that no user has is shown as a token: it may be
# show_unknown_users = true             # a password. Masks are applied before anything is stored: hide, token, and
# mask = { source = "network" }         # for sources network; fields: user, ruser, tty, source, key

# [notifiers.journal.budget]            # what does not fit comes later, counted in one message
# per_15m = 20                          # half of it as alerts come, a quarter spread evenly,
# per_day = 200                         # a quarter kept for priority 1 and 2
# per_month = 3000

# [[watch]]                             # what never asks PAM: a log, or journal = true
# file = "/var/log/auth.log"
# rules = ["openssh", "su", "sudo"]     # login, vsftpd, dovecot, authentication-failure

# [[watch]]                             # any line of any log
# journal = true
# identifiers = ["app"]                 # and/or units = ["app.service"]
# name = "app-login"                    # as routes and alerts call it
# pattern = 'login of (?P<user>\\S+) from (?P<rhost>\\S+) failed'
# ignore = "user=probe"
# threshold = { type = "both", count = 5, seconds = 60, track_by = "rhost" }

# [digest]                              # one message a day that sums it up
# at = "08:00"
# time_zone = "Europe/Berlin"           # or else the machine's own
# notify = [NAMES]

# [notifiers.journal.template]          # words of your own, for any notifier; {{ is a brace
# text = "{text} [{country}]"

# [network]                             # for hosts that reach the world through a proxy
# proxy = "http://127.0.0.1:3128"       # HTTP CONNECT, for every notifier
# ca_file = "/etc/pam-alert/corp-ca.pem"  # trusted beside the system's

# [store]
# max_size = "4GiB"                     # of the database; at the limit events wait in the spool

# [retention]                           # older events go; at 7/8 of max_size above the oldest do in any case
# max_age = "400d"
# max_events = 1000000

# [ops]
# listen = "127.0.0.1:9465"             # /health and /metrics, and nothing else
`

/** One notifier at work, the others commented out: the file is valid as it is printed. */
export function exampleConfig(): string {
  const tables = [...kinds.values()].map(({ type, example }) => {
    const table = `[notifiers.${type}]${example}`
    return type === 'journal' ? table : table.replaceAll(/^(?=.)/gm, '# ')
  })
  return `${HEAD}\n${tables.join('\n')}${TAIL.replaceAll('NAMES', '"journal"')}`
}

export function example() {
  process.stdout.write(exampleConfig())
}

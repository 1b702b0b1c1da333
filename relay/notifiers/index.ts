// The registry: one line per kind of notifier.
import { command } from './command.ts'
import { discord } from './discord.ts'
import { email } from './email.ts'
import { gotify } from './gotify.ts'
import { journal } from './journal.ts'
import { matrix } from './matrix.ts'
import { monitis } from './monitis.ts'
import type { NotifierKind } from './notifier.ts'
import { ntfy } from './ntfy.ts'
import { pushover } from './pushover.ts'
import { slack } from './slack.ts'
import { syslog } from './syslog.ts'
import { telegram } from './telegram.ts'
import { webhook } from './webhook.ts'
import { x } from './x.ts'

export const kinds: ReadonlyMap<string, NotifierKind> = new Map(
  [journal, webhook, pushover, x, ntfy, gotify, telegram, slack, discord, matrix, email, syslog, command, monitis].map(
    (kind) => [kind.type, kind as NotifierKind],
  ),
)

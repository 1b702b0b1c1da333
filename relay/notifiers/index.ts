// The registry: one line per kind of notifier.
import { journal } from './journal.ts'
import type { NotifierKind } from './notifier.ts'
import { pushover } from './pushover.ts'
import { webhook } from './webhook.ts'
import { x } from './x.ts'

export const kinds: ReadonlyMap<string, NotifierKind> = new Map(
  [journal, webhook, pushover, x].map((kind) => [kind.type, kind as NotifierKind]),
)

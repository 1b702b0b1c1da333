// The way of an event that is stored, up to the messages that it makes:
// enrich → twins → attempts → route → inhibit → expect → group. Nothing of it is in the way of a login.
import { createAttemptCount } from './attempts.ts'
import { createAttempts } from './db/attempts.ts'
import { type Database, transaction } from './db/database.ts'
import type { Events } from './db/events.ts'
import { createExpectationTable } from './db/expectations.ts'
import { createGroups } from './db/groups.ts'
import { createInhibitionTable } from './db/inhibitions.ts'
import { createTwins } from './db/twins.ts'
import type { Knowledge } from './enrich/knowledge.ts'
import { enrich } from './enrich.ts'
import { createExpectations } from './expect.ts'
import { createGrouping } from './group.ts'
import { createInhibition } from './inhibit.ts'
import type { Alert } from './model/alert.ts'
import type { Clock } from './model/clock.ts'
import type { Config } from './model/config/config.ts'
import type { EventRecord } from './model/event.ts'
import type { Meaning } from './model/meaning.ts'
import { type Template, worded } from './model/template.ts'
import { createRouter } from './route.ts'
import { createTwinJudge } from './twins.ts'

export interface OnwardOptions {
  db: Database
  events: Events
  clock: Clock
  knowledge: Knowledge & { learn(record: EventRecord, meaning: Meaning): void }
  /** Whether logs are read beside PAM: only then can one attempt be told of twice. */
  watches(): boolean
  /** The store could not be written. */
  storeFailed(error: unknown): void
  /** The key names this message for good: the same whenever it is made again. */
  send(notifier: string, key: string, alert: Alert): void
}

/** What of the configuration says where events go. */
export type Rules = Pick<Config, 'routes' | 'mutes' | 'inhibits' | 'notifiers'>

const OURS: Template = { title: null, text: null }

export function createOnward({ db, events, clock, knowledge, watches, storeFailed, send }: OnwardOptions) {
  const atomically = (work: () => void) => transaction(db, work)
  const judge = createTwinJudge(createTwins(db))
  const attempts = createAttemptCount(createAttempts(db))
  const inhibitions = createInhibitionTable(db)
  const templates = new Map<string, Template>()
  const grouping = createGrouping({
    groups: createGroups(db),
    clock,
    event: events.get,
    atomically,
    storeFailed,
    send: (notifier, key, alert) => send(notifier, key, worded(alert, templates.get(notifier) ?? OURS)),
  })
  const table = createExpectationTable(db)
  const expectations = createExpectations({ table, clock, tell: grouping.end, atomically, storeFailed })
  let route = createRouter({ routes: [], mutes: [] }, [])
  let inhibit = createInhibition([], inhibitions)

  return {
    expectations,

    configure(rules: Rules) {
      templates.clear()
      for (const { name, template } of rules.notifiers) templates.set(name, template)
      route = createRouter(rules, [...templates.keys()])
      inhibit = createInhibition(rules.inhibits, inhibitions)
    },

    /** Called once for each event, in order, in the transaction that notes how far this went. */
    take(record: EventRecord): { meaning: Meaning; sent: boolean } {
      const now = clock.now()
      const alone = enrich(record, knowledge)
      const meaning = attempts.count(record, watches() ? { ...alone, ...judge(record, alone) } : alone)
      knowledge.learn(record, meaning)
      events.annotate(record, meaning)
      if (meaning.tells === 0) return { meaning, sent: false }
      const { targets } = route(record, meaning, now)
      for (const target of expectations.hold(inhibit(targets, record, meaning, now), record, meaning))
        grouping.take(target, record, meaning)
      return { meaning, sent: targets.length > 0 }
    },

    /** Goes on with what an earlier run left. */
    resume() {
      grouping.resume()
      expectations.resume()
    },

    stop() {
      expectations.stop()
      grouping.stop()
    },
  }
}

// The way of an event from the store to its messages, on a real file and a clock that the test moves.

import { pino } from 'pino'
import { createAttemptCount } from '../../relay/attempts.ts'
import { enrich } from '../../relay/enrich.ts'
import { createGrouping } from '../../relay/group.ts'
import { defaultRoutes } from '../../relay/model/config/routes.ts'
import type { EventRecord, LoginEvent } from '../../relay/model/event.ts'
import { createRouter, type Rules } from '../../relay/route.ts'
import { createStore } from '../../relay/store.ts'
import { type ManualClock, settle } from './clock.ts'
import type { openTables } from './database.ts'

export interface PipelineOptions {
  tables: ReturnType<typeof openTables>
  clock: ManualClock
  rules?: Rules
}

const host = { name: 'web-1', machine_id: null, boot_id: null }

export function startPipeline({ tables, clock, rules }: PipelineOptions) {
  const { db, events, deliveries, groups, atomically } = tables
  const attempts = createAttemptCount(tables.attempts)
  const route = createRouter(rules ?? { routes: defaultRoutes(['ops']), mutes: [] }, ['ops'])
  const log = pino({ enabled: false })
  const fail = (error: unknown) => {
    throw error
  }
  /** Events that no notifier gets. */
  let silent = 0
  const grouping = createGrouping({
    groups,
    clock,
    event: events.get,
    atomically,
    storeFailed: fail,
    send: (notifier, key, alert) => deliveries.add(notifier, key, alert, clock.now()),
  })

  function onward(record: EventRecord) {
    const meaning = attempts.count(record, enrich(record))
    events.annotate(record, meaning)
    const { targets } = route(record, meaning, clock.now())
    if (targets.length === 0) silent += 1
    for (const target of targets) grouping.take(target, record, meaning)
  }

  const stumbled = (_: EventRecord, error: unknown) => fail(error)
  const store = createStore({
    ...{ db, events, host, clock, log, onward, stumbled },
    unsettled: () => null,
    failing: fail,
    recovered: () => fail(new Error('it had not failed')),
  })
  grouping.resume()
  store.resume()

  return {
    /** Resolves when it is stored, routed and grouped. */
    async take(event: LoginEvent) {
      await store.append(event)
      await settle()
    },
    silent: () => silent,
    /** Counted, and not told yet. */
    held: () => Number(db.prepare('SELECT coalesce(sum(held), 0) AS n FROM grouped').get()?.n),
    stop() {
      store.stop()
      grouping.stop()
    },
  }
}

// The way of an event from the store to its messages, on a real file and a clock that the test moves.

import { pino } from 'pino'
import { NO_KNOWLEDGE } from '../../relay/enrich.ts'
import { defaultRoutes } from '../../relay/model/config/routes.ts'
import type { LoginEvent } from '../../relay/model/event.ts'
import { createOnward, type Rules } from '../../relay/onward.ts'
import { createStore, ONWARD_APART_MS } from '../../relay/store.ts'
import type { ManualClock } from './clock.ts'
import type { openTables } from './database.ts'

export interface PipelineOptions {
  tables: ReturnType<typeof openTables>
  clock: ManualClock
  rules?: Omit<Rules, 'notifiers'>
}

const host = { name: 'web-1', machine_id: null, boot_id: null }

const ops = { type: 'journal', options: {}, limits: [], template: { title: null, text: null } }
const DEFAULT = { routes: defaultRoutes(['ops']), mutes: [], inhibits: [] }

export function startPipeline({ tables, clock, rules }: PipelineOptions) {
  const { db, events, deliveries } = tables
  const fail = (error: unknown) => {
    throw error
  }
  /** Events that no notifier gets. */
  let silent = 0
  const onward = createOnward({
    ...{ db, events, clock },
    knowledge: { ...NO_KNOWLEDGE, learn: () => {} },
    watches: () => false,
    storeFailed: fail,
    send: (notifier, key, alert) => deliveries.add(notifier, key, alert, clock.now()),
  })
  const notifiers = [{ ...ops, name: 'ops' }]
  onward.configure({ ...(rules ?? DEFAULT), notifiers })
  const store = createStore({
    ...{ db, events, host, clock },
    log: pino({ enabled: false }),
    unsettled: () => null,
    onward(record) {
      if (!onward.take(record).sent) silent += 1
    },
    stumbled: (_, error) => fail(error),
    failing: fail,
    recovered: () => fail(new Error('it had not failed')),
  })
  onward.resume()
  store.resume()

  return {
    expectations: onward.expectations,
    /** Resolves when it is stored, routed and grouped. */
    async take(event: LoginEvent) {
      await store.append(event)
      await clock.advance(ONWARD_APART_MS)
    },
    silent: () => silent,
    /** Counted, and not told yet. */
    held: () => Number(db.prepare('SELECT coalesce(sum(held), 0) AS n FROM grouped').get()?.n),
    stop() {
      store.stop()
      onward.stop()
    },
  }
}

// One database and the stages that hang on it: store → onward → deliver, and those that look after it. When the
// file is damaged, all of them end together, and begin anew with another.
import type { Logger } from 'pino'
import { createDaily } from './daily.ts'
import { createBudgets } from './db/budgets.ts'
import { createDailyTable } from './db/daily.ts'
import { limitSize, openDatabase, transaction } from './db/database.ts'
import { createDeliveries } from './db/deliveries.ts'
import { createEmergencies } from './db/emergencies.ts'
import { createEvents } from './db/events.ts'
import { createPositions } from './db/positions.ts'
import { createPruning } from './db/pruning.ts'
import { createSeen } from './db/seen.ts'
import { createSessions } from './db/sessions.ts'
import { createDelivery } from './deliver.ts'
import { createEmergencyWatch } from './emergency.ts'
import { createKnowledge, type Knowledge } from './enrich/knowledge.ts'
import type { Alert } from './model/alert.ts'
import type { Clock } from './model/clock.ts'
import type { EventRecord, Host } from './model/event.ts'
import { createOnward } from './onward.ts'
import { createRetention } from './retention.ts'
import type { Settings } from './settings.ts'
import { createWitness, type HostKey } from './sign.ts'
import { createStore, type StoreOptions } from './store.ts'

export interface CoreOptions
  extends Pick<StoreOptions, 'unsettled' | 'stumbled' | 'failing' | 'recovered'>,
    Pick<Knowledge, 'nameOf' | 'standing' | 'place'> {
  path: string
  /** Why there is nothing from before, if something is lost. */
  gap: string | null
  host: Host
  hostKey: HostKey
  clock: Clock
  log: Logger
  /** Those that are at work now. */
  settings(): Settings
  /** What this user's key is called. */
  keyName: Knowledge['keyName']
  /** A notifier is out of order: tell it through the others. */
  alarm(notifier: string, reason: string): void
  /** An event has gone its way. */
  arrived(): void
}

/** @throws {PamAlertError} store_unusable, store_newer; what the database says of a damaged file */
export function openCore({ path, gap, host, hostKey, clock, log, settings, alarm, arrived, ...others }: CoreOptions) {
  const { unsettled, stumbled, failing, recovered, nameOf, standing, place, keyName } = others
  const db = openDatabase(path)
  const events = createEvents(db)
  if (events.origin() === null) events.begin(new Date(clock.now()).toISOString(), gap)
  const deliveries = createDeliveries(db)
  const seen = createSeen(db)
  const positions = createPositions(db)
  const sessions = createSessions(db, host.boot_id)
  const knowledge = createKnowledge({ seen, sessions, nameOf, standing, keyName, place })

  const storeFailed = (error: unknown) => store.failed(error)
  const atomically = <T>(work: () => T) => transaction(db, work)
  const emergencies = createEmergencies(db)
  const notifier = (name: string) => settings().notifiers.get(name) ?? null
  const emergency = createEmergencyWatch({ emergencies, clock, notifier, storeFailed })
  const delivery = createDelivery({
    deliveries,
    budgets: createBudgets(db),
    clock,
    log,
    alarm,
    rings: emergency.open,
    storeFailed,
  })
  const store = createStore({
    db,
    events,
    host,
    clock,
    log,
    unsettled,
    stumbled,
    failing,
    recovered,
    onward(record: EventRecord) {
      onward.take(record)
      arrived()
    },
  })
  const head = createWitness(hostKey, store.head)
  const send = (notifier: string, key: string, alert: Alert) => delivery.add(notifier, key, { ...alert, chain: head() })
  const watches = () => settings().config.watches.length > 0
  const onward = createOnward({ db, events, clock, knowledge, watches, storeFailed, send })
  const sign = (text: string) => hostKey.sign(text).toString('base64')
  const retention = createRetention({ pruning: createPruning(db), clock, log, sign, atomically, storeFailed })
  const daily = createDaily({
    table: createDailyTable(db),
    hostName: host.name,
    clock,
    routed: events.routed,
    atomically,
    storeFailed,
    send,
  })

  /** Takes over what the settings say now. */
  function configure() {
    const { config, notifiers } = settings()
    limitSize(db, config.storeMaxBytes)
    delivery.configure(notifiers, new Map(config.notifiers.map(({ name, limits }) => [name, limits])))
    retention.configure(config.retention, config.storeMaxBytes)
    onward.configure(config)
    daily.configure(config.digest)
  }

  return {
    db,
    events,
    seen,
    positions,
    deliveries,
    emergencies,
    emergency,
    delivery,
    store,
    expectations: onward.expectations,
    configure,

    /** Goes on with what an earlier run left. */
    resume() {
      configure()
      store.resume()
      onward.resume()
      retention.start()
      emergency.resume()
    },

    close() {
      store.stop()
      onward.stop()
      daily.stop()
      delivery.stop()
      retention.stop()
      emergency.stop()
      db.close()
    },
  }
}

export type Core = ReturnType<typeof openCore>

// Wires the stages; the only file that knows their order:
// socket → intake → store → enrich → route → group → deliver → notifier.
import { randomUUID } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { type Logger, pino } from 'pino'
import { openDatabase, transaction } from './db/database.ts'
import { createDeliveries } from './db/deliveries.ts'
import { createEvents } from './db/events.ts'
import { createGroups } from './db/groups.ts'
import { createDelivery } from './deliver.ts'
import { enrich } from './enrich.ts'
import { createGrouping } from './group.ts'
import { createHistory } from './history.ts'
import { thisHost } from './host.ts'
import { registerIntake } from './intake.ts'
import { noticeAlert } from './model/alert.ts'
import { systemClock as clock } from './model/clock.ts'
import type { EventRecord } from './model/event.ts'
import type { Paths } from './model/paths.ts'
import { VERSION } from './model/version.ts'
import { createOpsListener, type Health, registerOps } from './ops.ts'
import { dropPrivileges } from './privileges.ts'
import { createRouter } from './route.ts'
import { createSecretReader, loadSettings, readConfig, type SecretReader, type Settings } from './settings.ts'
import { createApp, listen } from './socket.ts'
import { createStore } from './store.ts'

/** The database and the last good configuration are nobody else's business. */
const UMASK = 0o077

export interface Relay {
  /** Ends in order: what is acknowledged is on disk, what is under way stays pending. */
  stop(): Promise<void>
}

/** @throws {PamAlertError} socket_taken, config_unreadable, store_newer */
export async function startRelay(paths: Paths, log: Logger = pino()): Promise<Relay> {
  const startedAt = clock.monotonic()
  process.umask(UMASK)
  // While we may be root yet: the socket's credentials are what the hook checks, and secrets are root's.
  const secretOf = createSecretReader(paths)
  let { settings, problems } = settingsToStartWith(paths, secretOf, log)

  const app = createApp(log)
  registerIntake(app, (event) => store.append(event))
  registerOps(app, health)
  const ops = createOpsListener(() => createApp(log), health)
  const history = createHistory({
    find: (filter, limit) => events.find(filter, limit),
    get: (seq) => events.get(seq),
    deliveriesOf: (seq) => deliveries.ofEvent(seq),
    lastSeq: () => events.routed(),
  })
  history.register(app)
  await listen(app, paths.socket)
  // No request is read before the event loop turns: all below is in place by then.
  if (process.geteuid?.() === 0 && paths.root === '/') dropPrivileges()

  mkdirSync(paths.stateDir, { recursive: true })
  const db = openDatabase(paths.database)
  const events = createEvents(db)
  const deliveries = createDeliveries(db)
  const delivery = createDelivery({ deliveries, clock, log, alarm })
  const grouping = createGrouping({
    groups: createGroups(db),
    clock,
    event: events.get,
    atomically: (work) => transaction(db, work),
    send: delivery.add,
  })
  const store = createStore({ db, events, host: thisHost(), log, onward })
  let route = createRouter([], [])

  function onward(record: EventRecord) {
    const meaning = enrich(record)
    events.annotate(record, meaning)
    for (const target of route(record, meaning)) grouping.take(target, record, meaning)
    history.arrived()
  }

  function apply(next: Settings) {
    settings = next
    delivery.configure(next.notifiers)
    route = createRouter(next.config.routes, [...next.notifiers.keys()])
    ops.listen(next.config.opsListen).catch((error: unknown) => log.error({ err: error }, 'ops address not available'))
    if (next.text !== null) writeFileSync(paths.lastGoodConfig, next.text)
  }

  /** SIGHUP: a broken configuration leaves the old one at work. */
  function reload() {
    const loaded = loadSettings(readConfig(paths.config), secretOf)
    problems = loaded.errors.map(inWords)
    for (const warning of loaded.warnings) log.warn(inWords(warning))
    if (loaded.settings) apply(loaded.settings)
    log[loaded.settings ? 'info' : 'error'](
      { problems },
      loaded.settings ? 'configuration loaded' : 'configuration kept',
    )
  }

  /** Tells of one notifier's trouble through all the others. */
  function alarm(notifier: string, reason: string) {
    const notice = noticeAlert(`notifier ${notifier} is paused: ${reason}`, new Date(clock.now()).toISOString())
    const id = randomUUID()
    for (const other of settings.notifiers.keys()) if (other !== notifier) delivery.add(other, `${id}.${other}`, notice)
  }

  function health(): Health {
    const queue = delivery.health()
    const waiting = Object.entries(queue)
      .filter(([, lane]) => lane.last_error !== null || lane.dead > 0)
      .map(([name, lane]) => `notifier ${name}: ${lane.last_error ?? `${lane.dead} dead letters`}`)
    const all = [...problems, ...waiting]
    return {
      status: all.length > 0 ? 'degraded' : 'ok',
      version: VERSION,
      uptime_s: Math.round((clock.monotonic() - startedAt) / 1000),
      problems: all,
      store: { events: store.lastSeq(), last_error: null },
      queue,
    }
  }

  // A library that throws where nobody can catch it costs its own attempt, and nothing else.
  function escaped(error: unknown) {
    const notifier = delivery.currentNotifier()
    if (notifier === null) {
      log.fatal({ err: error }, 'uncaught exception')
      process.exit(1)
    }
    log.error({ err: error, notifier }, 'exception escaped from a notifier; its attempt will time out')
  }

  apply(settings)
  store.resume()
  grouping.resume()
  process.on('SIGHUP', reload)
  process.on('uncaughtException', escaped)
  log.info({ version: VERSION, socket: paths.socket, notifiers: [...settings.notifiers.keys()] }, 'relay is listening')

  return {
    async stop() {
      process.off('SIGHUP', reload)
      await Promise.all([app.close(), ops.stop()])
      store.stop()
      grouping.stop()
      delivery.stop()
      process.off('uncaughtException', escaped)
      db.close()
    },
  }
}

const inWords = ({ line, where, message }: { line: number; where: string; message: string }) =>
  `config.toml:${line}: ${where}: ${message}`

/** Alerts go on whatever state the file is in: the last one that worked, or else the journal. */
function settingsToStartWith(paths: Paths, secretOf: SecretReader, log: Logger) {
  const problems: string[] = []
  for (const path of [paths.config, paths.lastGoodConfig]) {
    const { settings, errors, warnings } = loadSettings(readConfig(path), secretOf)
    for (const warning of warnings) log.warn(inWords(warning))
    if (settings) return { settings, problems }
    problems.push(...errors.map(inWords))
    log.error({ problems }, `${path} has errors`)
  }
  const { settings } = loadSettings(null, secretOf)
  if (settings === null) throw new Error('the defaults do not load')
  return { settings, problems }
}

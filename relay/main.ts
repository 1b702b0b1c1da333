// Wires the stages; the only file that knows their order:
// socket → intake → store → enrich → route → group → deliver → notifier.
import { mkdirSync } from 'node:fs'
import { type Logger, pino } from 'pino'
import { createAccounts } from './accounts.ts'
import { createAttemptCount } from './attempts.ts'
import { createAttempts } from './db/attempts.ts'
import { createBudgets } from './db/budgets.ts'
import { limitSize, moveAside, openDatabase, storeFaultOf, transaction } from './db/database.ts'
import { createDeliveries } from './db/deliveries.ts'
import { createEmergencies } from './db/emergencies.ts'
import { createEvents } from './db/events.ts'
import { createGroups } from './db/groups.ts'
import { createPositions } from './db/positions.ts'
import { createPruning } from './db/pruning.ts'
import { createSeen } from './db/seen.ts'
import { createSessions } from './db/sessions.ts'
import { createTwins } from './db/twins.ts'
import { registerDeadLetters } from './dead.ts'
import { createDelivery, currentNotifier } from './deliver.ts'
import { createEmergencyWatch, registerEmergencies } from './emergency.ts'
import { createKnowledge } from './enrich/knowledge.ts'
import { enrich } from './enrich.ts'
import { createGrouping } from './group.ts'
import { createHistory } from './history.ts'
import { thisHost } from './host.ts'
import { registerIntake } from './intake.ts'
import { createKeyNames } from './key-names.ts'
import { systemClock as clock } from './model/clock.ts'
import { groupsFor } from './model/config/watch.ts'
import type { EventRecord, LogEvent, LoginEvent } from './model/event.ts'
import type { Paths } from './model/paths.ts'
import { VERSION } from './model/version.ts'
import { createNotices } from './notice.ts'
import { createOpsListener, type Health, judge, registerOps } from './ops.ts'
import { createPlaces } from './places.ts'
import { userExists } from './privacy/lookup.ts'
import { createPrivacy } from './privacy.ts'
import { dropPrivileges } from './privileges.ts'
import { createRetention } from './retention.ts'
import { createRouter } from './route.ts'
import { createSecretReader, createSettings, type Settings } from './settings.ts'
import { createWitness, openHostKey } from './sign.ts'
import { createApp, listen } from './socket.ts'
import { createSpool } from './spool.ts'
import { createStore } from './store.ts'
import { createTwinJudge } from './twins.ts'
import { createWatches, type Position } from './watch/watches.ts'

/** The database, the key and the last good configuration are nobody else's business. */
const UMASK = 0o077

export interface Relay {
  /** Ends in order: what is acknowledged is on disk, what is under way stays pending. */
  stop(): Promise<void>
}

/** @throws {PamAlertError} socket_taken, config_unreadable, store_unusable, store_newer */
export async function startRelay(paths: Paths, log: Logger = pino()): Promise<Relay> {
  const startedAt = clock.monotonic()
  process.umask(UMASK)
  // While we may be root yet: the socket's credentials are what the hook checks, and secrets are root's.
  const configured = createSettings(paths, createSecretReader(paths), (data) => hostKey.sign(data), log)
  let settings = configured.first()

  const app = createApp(log, broken)
  registerIntake(app, accept)
  registerOps(app, health)
  registerDeadLetters(app, () => core.delivery)
  registerEmergencies(app, () => core.emergency)
  const ops = createOpsListener(() => createApp(log, broken), health)
  const history = createHistory(() => core)
  history.register(app)
  await listen(app, paths.socket)
  // No request is read before the event loop turns: all below is in place by then.
  if (process.geteuid?.() === 0 && paths.root === '/') dropPrivileges(groupsFor(settings.config.watches))

  mkdirSync(paths.stateDir, { recursive: true })
  const hostKey = openHostKey(paths.hostKey)
  const host = thisHost()
  const accounts = createAccounts(paths)
  const nameKey = createKeyNames(paths.knownKeys)
  const places = createPlaces(log)
  const privacy = createPrivacy({
    secret: hostKey.derive('pam-alert names'),
    clock,
    known,
    exists: userExists,
    found: (token, name) => guarded(() => core.events.rename(token, name)),
  })
  const notices = createNotices({
    hostName: host.name,
    clock,
    notifiers: () => settings.notifiers.keys(),
    send: (notifier, key, alert) => core.delivery.add(notifier, key, alert),
    shout: (alert) => core.delivery.shout(alert),
  })
  let core = openCore(null)
  const spool = createSpool({ directory: paths.spool, clock, log, accept })
  const watches = createWatches({
    clock,
    log,
    position: (source) => core.positions.get(source),
    accept: acceptLogged,
    tell: notices.tell,
  })

  /** The store and all that hangs on it. @param gap why there is nothing from before, if something is lost */
  function openCore(gap: string | null): ReturnType<typeof assemble> {
    try {
      return assemble(gap)
    } catch (error) {
      if (storeFaultOf(error) !== 'corrupt') throw error
      return openCore(aside(error))
    }
  }

  function aside(error: unknown): string {
    const name = moveAside(paths.database, clock.now())
    log.error({ err: error, kept: name }, 'the store is damaged; it was moved aside, and a new one begins')
    setImmediate(() =>
      notices.tell(`the store of login events was damaged and is kept as ${name}; a new one has begun`),
    )
    return `the store before was damaged and is kept as ${name}`
  }

  function assemble(gap: string | null) {
    const db = openDatabase(paths.database)
    const events = createEvents(db)
    const deliveries = createDeliveries(db)
    const seen = createSeen(db)
    const knowledge = createKnowledge({
      seen,
      sessions: createSessions(db, host.boot_id),
      nameOf: privacy.nameOf,
      admin: accounts.admin,
      keyName: (user, fingerprint) => nameKey(settings.config.keys, user, fingerprint),
      place: places.of,
    })
    if (events.origin() === null) events.begin(new Date(clock.now()).toISOString(), gap)
    const storeFailed = (error: unknown) => store.failed(error)
    const budgets = createBudgets(db)
    const emergencies = createEmergencies(db)
    const notifier = (name: string) => settings.notifiers.get(name) ?? null
    const emergency = createEmergencyWatch({ emergencies, clock, notifier, storeFailed })
    const alarm = notices.paused
    const rings = emergency.open
    const delivery = createDelivery({ deliveries, budgets, clock, log, alarm, rings, storeFailed })
    const store = createStore({
      db,
      events,
      host,
      clock,
      log,
      unsettled: privacy.unsettled,
      onward,
      stumbled,
      failing,
      recovered,
    })
    const head = createWitness(hostKey, store.head)
    const grouping = createGrouping({
      groups: createGroups(db),
      clock,
      event: events.get,
      atomically: (work) => transaction(db, work),
      storeFailed,
      send: (notifier, key, alert) => delivery.add(notifier, key, { ...alert, chain: head() }),
    })
    const retention = createRetention({
      pruning: createPruning(db),
      clock,
      log,
      sign: (text) => hostKey.sign(text).toString('base64'),
      atomically: (work) => transaction(db, work),
      storeFailed,
    })
    const judge = createTwinJudge(createTwins(db))
    const attempts = createAttemptCount(createAttempts(db))
    const route = createRouter(settings.config, [])
    const positions = createPositions(db)
    const tables = { db, events, seen, positions, deliveries, emergencies }
    return { ...tables, knowledge, judge, attempts, emergency, delivery, store, grouping, retention, route }
  }

  /** Every event's way in, from the socket and from the spool. */
  function accept(event: LoginEvent) {
    return core.store.append(privacy.conceal(event))
  }

  /** What a log tells, and how far it was read, in one commit. */
  async function acceptLogged(events: readonly LogEvent[], source: string, position: Position | null) {
    const remember = () => position !== null && core.positions.put(source, position)
    if (events.length === 0) transaction(core.db, remember)
    await Promise.all(
      events.map((event, i) =>
        core.store.append(privacy.conceal(event), i === events.length - 1 ? remember : undefined),
      ),
    )
  }

  /** Without asking anybody who might have to think. */
  function known(name: string): boolean {
    return accounts.has(name) || (guarded(() => core.seen.knows(name)) ?? false)
  }

  /** What fails here fails the store, and nothing else. */
  function guarded<T>(work: () => T): T | null {
    try {
      return work()
    } catch (error) {
      core.store.failed(error)
      return null
    }
  }

  function onward(record: EventRecord) {
    const { events, knowledge, judge, attempts, grouping, route } = core
    const alone = enrich(record, knowledge)
    // Where nothing is watched, PAM is the only one to tell.
    const known = settings.config.watches.length === 0 ? alone : { ...alone, ...judge(record, alone) }
    const meaning = attempts.count(record, known)
    knowledge.learn(record, meaning)
    events.annotate(record, meaning)
    if (meaning.tells !== 0)
      for (const target of route(record, meaning, clock.now()).targets) grouping.take(target, record, meaning)
    history.arrived()
  }

  /** An event that we can't make sense of is told to everybody rather than to nobody. */
  function stumbled({ id, seq }: EventRecord, error: unknown) {
    log.error({ err: error, eventId: id }, 'event could not be routed')
    notices.tell(`event ${seq} is stored, but could not be routed: ${error}; see pam-alert history`)
  }

  function failing(error: unknown) {
    const fault = storeFaultOf(error)
    if (fault === 'sync') {
      // What this process has read back may never have reached the disk: only a new one can tell.
      log.fatal({ err: error }, 'the disk lost a write; starting anew')
      process.exit(1)
    }
    notices.shout(`login events cannot be stored: ${(error as Error).message}. Logins go on, events wait in the spool`)
    if (fault === 'corrupt') setImmediate(replaceStore, error)
  }

  /** Reading can find damage, too. */
  function broken(error: unknown) {
    if (storeFaultOf(error) === 'corrupt') core.store.failed(error)
  }

  function recovered() {
    notices.tell('login events are stored again')
    spool.start()
  }

  function replaceStore(error: unknown) {
    closeCore()
    core = openCore(aside(error))
    resumeCore()
  }

  function closeCore() {
    core.store.stop()
    core.grouping.stop()
    core.delivery.stop()
    core.retention.stop()
    core.emergency.stop()
    core.db.close()
  }

  function configureCore() {
    limitSize(core.db, settings.config.storeMaxBytes)
    const limits = new Map(settings.config.notifiers.map(({ name, limits }) => [name, limits]))
    core.delivery.configure(settings.notifiers, limits)
    core.retention.configure(settings.config.retention, settings.config.storeMaxBytes)
    core.route = createRouter(settings.config, [...settings.notifiers.keys()])
  }

  function resumeCore() {
    configureCore()
    core.store.resume()
    core.grouping.resume()
    core.retention.start()
    core.emergency.resume()
  }

  function use(next: Settings) {
    settings = next
    configureCore()
    privacy.configure(next.config.privacy)
    void places.use(next.config.geoDatabases)
    ops.listen(next.config.opsListen).catch((error: unknown) => log.error({ err: error }, 'ops address not available'))
    void watches.configure(next.config.watches)
    configured.keep(next)
  }

  function reload() {
    const next = configured.reload()
    if (next) use(next)
  }

  async function health(): Promise<Health> {
    const { since = null, reason: gap = null } = core.events.origin() ?? {}
    const parts = {
      version: VERSION,
      uptime_s: Math.round((clock.monotonic() - startedAt) / 1000),
      store: { ...core.store.health(), since, gap },
      spool: await spool.health(),
      watch: watches.health(),
      queue: core.delivery.health(),
    }
    return judge(parts, [...configured.problems(), ...places.problems()])
  }

  // A library that throws where nobody can catch it costs its own attempt, and nothing else.
  function escaped(error: unknown) {
    const notifier = currentNotifier()
    if (notifier === null) {
      log.fatal({ err: error }, 'uncaught exception')
      process.exit(1)
    }
    log.error({ err: error, notifier }, 'exception escaped from a notifier; its attempt will time out')
  }

  use(settings)
  resumeCore()
  spool.start()
  process.on('SIGHUP', reload)
  process.on('uncaughtException', escaped)
  log.info({ version: VERSION, socket: paths.socket, notifiers: [...settings.notifiers.keys()] }, 'relay is listening')

  return {
    async stop() {
      process.off('SIGHUP', reload)
      await Promise.all([app.close(), ops.stop(), spool.stop(), watches.stop()])
      closeCore()
      process.off('uncaughtException', escaped)
    },
  }
}

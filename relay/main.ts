// The relay as a process: socket and intake before the core, privileges, settings, signals, faults. With core.ts and
// onward.ts it alone knows the order of the stages:
// socket → intake → store → onward (enrich → twins → attempts → route → inhibit → expect → group) → deliver → notifier.
import { mkdirSync } from 'node:fs'
import { type Logger, pino } from 'pino'
import { type Core, openCore } from './core.ts'
import { moveAside, storeFaultOf, transaction } from './db/database.ts'
import { registerDeadLetters } from './dead.ts'
import { currentNotifier } from './deliver.ts'
import { registerEmergencies } from './emergency.ts'
import { registerExpectations } from './expect.ts'
import { createHistory } from './history.ts'
import { registerIntake } from './intake.ts'
import { createAccounts } from './machine/accounts.ts'
import { thisHost } from './machine/host.ts'
import { createKeyNames } from './machine/key-names.ts'
import { createPlaces } from './machine/places.ts'
import { systemClock as clock } from './model/clock.ts'
import { groupsFor } from './model/config/watch.ts'
import type { EventRecord, LogEvent, LoginEvent } from './model/event.ts'
import type { Paths } from './model/paths.ts'
import { VERSION } from './model/version.ts'
import { createNotices } from './notice.ts'
import { createOpsListener, type Health, judge, registerOps } from './ops.ts'
import { userExists } from './privacy/lookup.ts'
import { createPrivacy } from './privacy.ts'
import { dropPrivileges } from './privileges.ts'
import { createSecretReader, createSettings, type Settings } from './settings.ts'
import { openHostKey } from './sign.ts'
import { createApp, listen } from './socket.ts'
import { createSpool } from './spool.ts'
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
  registerExpectations(app, () => core.expectations)
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
  let core = open(null)
  const spool = createSpool({ directory: paths.spool, clock, log, accept })
  const watches = createWatches({
    clock,
    log,
    position: (source) => core.positions.get(source),
    accept: acceptLogged,
    tell: notices.tell,
  })

  /** @param gap why there is nothing from before, if something is lost */
  function open(gap: string | null): Core {
    try {
      return openCore({
        path: paths.database,
        gap,
        host,
        hostKey,
        clock,
        log,
        settings: () => settings,
        nameOf: privacy.nameOf,
        unsettled: privacy.unsettled,
        standing: accounts.standing,
        place: places.of,
        keyName: (user, fingerprint) => nameKey(settings.config.keys, user, fingerprint),
        alarm: notices.paused,
        arrived: history.arrived,
        stumbled,
        failing,
        recovered,
      })
    } catch (error) {
      if (storeFaultOf(error) !== 'corrupt') throw error
      return open(aside(error))
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
    core.close()
    core = open(aside(error))
    core.resume()
  }

  function use(next: Settings) {
    settings = next
    core.configure()
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
  core.resume()
  spool.start()
  process.on('SIGHUP', reload)
  process.on('uncaughtException', escaped)
  log.info({ version: VERSION, socket: paths.socket, notifiers: [...settings.notifiers.keys()] }, 'relay is listening')

  return {
    async stop() {
      process.off('SIGHUP', reload)
      await Promise.all([app.close(), ops.stop(), spool.stop(), watches.stop()])
      core.close()
      process.off('uncaughtException', escaped)
    },
  }
}

// What is kept of names: one that no user has may be a password typed in the wrong place. It goes into the record as
// a token and is looked up meanwhile; the name itself is on no disk. The operator's masks go the same way.
import { createHmac } from 'node:crypto'
import PQueue from 'p-queue'
import { networkAddress } from './model/address.ts'
import type { Clock } from './model/clock.ts'
import type { Mask, PrivacyConfig } from './model/config/privacy.ts'
import { type LoginEvent, TEST_SERVICE } from './model/event.ts'
import { COMMON_NAMES } from './privacy/common-names.ts'

/** Processes that look names up at the same time, and how long each slot rests: making names up keeps nobody busy. */
const AT_ONCE = 2
const REST_MS = 200
/** Names that wait for it; more, and somebody is guessing them: they stay unknown. */
const WAITING_MAX = 64
/** Answers that are remembered. */
const ANSWERS_MAX = 10_000
const ANSWER_HOLDS_MS = 600_000
/** So long an alert waits for the name of its user. */
const ALERT_WAITS_MS = 500

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567'
const HIDDEN = 'hidden'

/** What the hook tells, and what a log tells. */
type Concealable = Pick<LoginEvent, 'service' | 'outcome' | 'user' | 'ruser' | 'rhost' | 'tty' | 'ssh' | 'cut'>

export interface PrivacyOptions {
  /** Of this host alone: without it nobody can try which name a token is of. */
  secret: Uint8Array
  clock: Clock
  /** Whether a user of this name is known without asking: at once, or not at all. */
  known(name: string): boolean
  /** Whether one exists after all. */
  exists(name: string): Promise<boolean>
  /** One does: what was stored of it may have its name beside it. */
  found(token: string, name: string): void
}

export function createPrivacy({ secret, clock, known, exists, found }: PrivacyOptions) {
  let config: PrivacyConfig = { showUnknownUsers: false, mask: {} }
  const queue = new PQueue({ concurrency: AT_ONCE })
  /** Token → the name if it is a user's, oldest first. */
  const answers = new Map<string, { name: string | null; until: number }>()
  const asking = new Map<string, Promise<void>>()

  /** 30 bits: enough to tell apart what one host sees, too few to prove a guess. */
  function token(sign: '#' | '~', value: string): string {
    const bytes = createHmac('sha256', secret).update(value).digest()
    return sign + Array.from(bytes.subarray(0, 6), (byte) => BASE32[byte & 31]).join('')
  }

  function answered(id: string, name: string | null) {
    answers.delete(id)
    answers.set(id, { name, until: clock.monotonic() + ANSWER_HOLDS_MS })
    for (const oldest of answers.keys()) {
      if (answers.size <= ANSWERS_MAX) break
      answers.delete(oldest)
    }
    if (name !== null) found(id, name)
  }

  function lookUp(id: string, name: string) {
    const answer = answers.get(id)
    if (asking.has(id) || asking.size >= WAITING_MAX || (answer && answer.until > clock.monotonic())) return
    const { promise, resolve } = Promise.withResolvers<void>()
    void queue.add(async () => {
      answered(id, (await exists(name)) ? name : null)
      asking.delete(id)
      resolve()
      await new Promise<void>((rested) => clock.after(REST_MS, rested))
    })
    asking.set(id, promise)
  }

  function shown(name: string | null): string | null {
    if (!name || COMMON_NAMES.has(name) || known(name)) return name
    const id = token('#', name)
    lookUp(id, name)
    return id
  }

  /** A line of a log repeats the name; in whatever shape it is kept. */
  function replaced(value: unknown, name: string, by: string): unknown {
    if (typeof value === 'string')
      return value.replace(new RegExp(`(?<!\\w)${RegExp.escape(name)}(?!\\w)`, 'g'), () => by)
    if (Array.isArray(value)) return value.map((item) => replaced(item, name, by))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, replaced(item, name, by)]))
  }

  function withoutUnknown<E extends Concealable>(event: E): E {
    const result = { ...event } as E & { log?: unknown }
    for (const field of ['user', 'ruser'] as const) {
      const name = event[field]
      const instead = shown(name)
      if (name === null || instead === name || instead === null) continue
      result[field] = instead
      if (event.cut) result.cut = without(event.cut, field)
      if (result.log !== undefined) result.log = replaced(result.log, name, instead)
    }
    return result
  }

  const masked = (how: Mask | undefined, value: string | null) =>
    value === null || how === undefined ? value : how === 'token' ? token('~', value) : null

  /** An address is never null by a mask: it would look like a login at the console. */
  function maskedSource(how: Mask, rhost: string): string {
    if (how === 'token') return token('~', rhost)
    return (how === 'network' ? networkAddress(rhost) : null) ?? HIDDEN
  }

  function withMasks<E extends Concealable>(event: E): E {
    const { user, ruser, tty, source, key } = config.mask
    const result = {
      ...event,
      user: masked(user, event.user),
      ruser: masked(ruser, event.ruser),
      tty: masked(tty, event.tty),
    }
    for (const field of ['user', 'ruser', 'tty'] as const)
      if (result.cut && config.mask[field]) result.cut = without(result.cut, field)
    if (source && event.rhost) result.rhost = maskedSource(source, event.rhost)
    if (source && result.cut) result.cut = without(result.cut, 'rhost')
    if (event.ssh)
      result.ssh = {
        connection: source ? null : event.ssh.connection,
        // A line per method; what follows its first word is the key.
        auth_info: key ? (event.ssh.auth_info?.replaceAll(/ (?:(?!\\x0a).)*/g, '') ?? null) : event.ssh.auth_info,
      }
    return withLog(event, result)
  }

  /** A line of a log repeats what is masked. */
  function withLog<E extends Concealable>(before: E, after: E): E {
    const result = { ...after } as E & { log?: { fields?: { fingerprint?: string } } }
    if (result.log === undefined) return after
    const fingerprint = result.log.fields?.fingerprint
    let told: unknown = result.log
    for (const field of ['user', 'ruser', 'tty', 'rhost'] as const) {
      const value = before[field]
      if (value && after[field] !== value) told = replaced(told, value, after[field] ?? HIDDEN)
    }
    if (config.mask.key && fingerprint) told = replaced(told, fingerprint, HIDDEN)
    return Object.assign(result, { log: told })
  }

  return {
    configure(next: PrivacyConfig) {
      config = next
    },

    /** The event as it may be stored. Who got in has a name; only refused ones can be anything. */
    conceal<E extends Concealable>(event: E): E {
      if (event.service === TEST_SERVICE) return event
      const hides = event.outcome === 'failure' && !config.showUnknownUsers
      const named = hides ? withoutUnknown(event) : event
      return Object.keys(config.mask).length === 0 ? named : withMasks(named)
    },

    /** Whose token it is, if that is known to be a user by now. */
    nameOf: (id: string): string | null => answers.get(id)?.name ?? null,

    /** Resolves when those that are being looked up are known, or soon; null: none is. */
    unsettled(): Promise<void> | null {
      if (asking.size === 0) return null
      return new Promise((resolve) => {
        const cancel = clock.after(ALERT_WAITS_MS, resolve)
        void Promise.all(asking.values()).then(() => {
          cancel()
          resolve()
        })
      })
    },
  }
}

const without = (cut: NonNullable<LoginEvent['cut']>, field: string) =>
  Object.fromEntries(Object.entries(cut).filter(([name]) => name !== field))

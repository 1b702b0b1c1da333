// Reads the configuration and the secrets that it names, makes the notifiers, and keeps the last
// configuration that worked.
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Logger } from 'pino'
import { type Config, defaultConfig, parseConfig } from './model/config/config.ts'
import { PamAlertError } from './model/errors.ts'
import type { Paths } from './model/paths.ts'
import type { Problem } from './model/problems.ts'
import { Secret } from './model/secret.ts'
import { createNetwork } from './notifiers/http.ts'
import { kinds } from './notifiers/index.ts'
import type { Notifier } from './notifiers/notifier.ts'

export interface Settings {
  config: Config
  notifiers: ReadonlyMap<string, Notifier>
  /** What was read; null if there is no file. */
  text: string | null
}

export interface Loaded {
  /** null if there are errors. */
  settings: Settings | null
  errors: Problem[]
  warnings: Problem[]
}

export type SecretReader = (path: string) => Secret

const SECRET_MAX_BYTES = 65_536

function openSecret(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    throw new Error(`${path} does not exist; put the secret there, and chmod 600 ${path}`)
  }
}

/** @throws Error that says what is wrong with the file and how to mend it */
function readSecret(path: string): Secret {
  const fd = openSecret(path)
  try {
    const { uid, mode, size } = fstatSync(fd)
    if ((mode & constants.S_IFMT) !== constants.S_IFREG || size > SECRET_MAX_BYTES)
      throw new Error(`${path} is not a small plain file`)
    if (uid !== 0 && uid !== process.geteuid?.())
      throw new Error(`${path} belongs to uid ${uid}; chown root:root ${path}`)
    if (mode & 0o077)
      throw new Error(`${path} can be read by others (mode ${(mode & 0o777).toString(8)}); chmod 600 ${path}`)
    const value = readFileSync(fd, 'utf8').trim()
    if (value === '') throw new Error(`${path} is empty`)
    return new Secret(value)
  } finally {
    closeSync(fd)
  }
}

/**
 * Reads secrets for a process that may lose the right to: under systemd from the credentials that
 * it was given (systemd.exec(5), LoadCredential=), else what it could read when this was called.
 */
export function createSecretReader(paths: Paths): SecretReader {
  const credentials = process.env.CREDENTIALS_DIRECTORY
  const early = new Map<string, Secret>()
  if (process.geteuid?.() === 0)
    for (const name of listed(paths.secrets)) {
      const path = join(paths.secrets, name)
      try {
        early.set(path, readSecret(path))
      } catch {
        // Whoever asks for this one is told then.
      }
    }
  return (path) => {
    if (credentials !== undefined && dirname(path) === paths.secrets)
      return new Secret(readFileSync(join(credentials, `secrets_${basename(path)}`), 'utf8').trim())
    const known = early.get(path)
    return known !== undefined && process.geteuid?.() !== 0 ? known : readSecret(path)
  }
}

function listed(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

/** @throws {PamAlertError} config_unreadable */
export function readConfig(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw new PamAlertError('config_unreadable', `${path}: ${(error as Error).message}`)
  }
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))

/** Ed25519 with the host's key. */
export type Sign = (data: string) => Buffer

/** @param text the configuration; null: none, so the defaults */
export function loadSettings(text: string | null, secretOf: SecretReader, sign: Sign): Loaded {
  const { config, errors, warnings, problem } =
    text === null
      ? { config: defaultConfig, errors: [], warnings: [], problem: () => ({ line: 1, where: '', message: '' }) }
      : parseConfig(text, kinds)
  if (config === null) return { settings: null, errors, warnings }

  const { proxy, caFile } = config.network
  let extraCa: string | null = null
  try {
    extraCa = caFile === null ? null : readFileSync(caFile, 'utf8')
  } catch (error) {
    errors.push(problem(['network', 'ca_file'], messageOf(error)))
  }
  const network = createNetwork(proxy, extraCa)
  for (const path of config.geoDatabases)
    if (!existsSync(path)) warnings.push(problem(['geo', 'database'], `${path} does not exist`))
  const notifiers = new Map<string, Notifier>()
  for (const { name, type, options } of config.notifiers) {
    const secrets: Record<string, Secret> = {}
    const before = errors.length
    for (const [option, path] of Object.entries(options).filter(([option]) => option.endsWith('_file'))) {
      try {
        secrets[option.slice(0, -'_file'.length)] = secretOf(String(path))
      } catch (error) {
        errors.push(problem(['notifiers', name, option], messageOf(error)))
      }
    }
    if (errors.length > before) continue
    try {
      const kind = kinds.get(type)
      if (kind) notifiers.set(name, kind.create(options as never, { secrets, network, sign, now: Date.now }))
    } catch (error) {
      errors.push(problem(['notifiers', name], messageOf(error)))
    }
  }
  return { settings: errors.length > 0 ? null : { config, notifiers, text }, errors, warnings }
}

const inWords = ({ line, where, message }: Problem) => `config.toml:${line}: ${where}: ${message}`

/** The settings that are at work: what the file says, unless it is broken. */
export function createSettings(paths: Paths, secretOf: SecretReader, sign: Sign, log: Logger) {
  let problems: string[] = []

  /** null, and `problems` says why, if the file at `path` can't be used. */
  function from(path: string): Settings | null {
    const { settings, errors, warnings } = loadSettings(readConfig(path), secretOf, sign)
    for (const warning of warnings) log.warn(inWords(warning))
    problems.push(...errors.map(inWords))
    return settings
  }

  return {
    problems: (): readonly string[] => problems,

    /** Alerts go on whatever state the file is in: by the last one that worked, or else to the journal. */
    first(): Settings {
      problems = []
      const settings = from(paths.config) ?? from(paths.lastGoodConfig) ?? loadSettings(null, secretOf, sign).settings
      if (settings === null) throw new Error('the defaults do not load')
      if (problems.length > 0) log.error({ problems }, 'configuration has errors; an older one is at work')
      return settings
    },

    /** After SIGHUP. null: the old one stays at work. */
    reload(): Settings | null {
      problems = []
      const settings = from(paths.config)
      if (settings) log.info('configuration loaded')
      else log.error({ problems }, 'configuration kept')
      return settings
    },

    /** Remembers these as the last that worked. */
    keep({ text }: Settings) {
      if (text === null) return
      writeFileSync(`${paths.lastGoodConfig}.new`, text, { flush: true })
      renameSync(`${paths.lastGoodConfig}.new`, paths.lastGoodConfig)
    },
  }
}

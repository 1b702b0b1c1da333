// The configuration file: its schema, its defaults, and errors that name line and remedy. It reads no file.
import { ajv, hostAndPort, type Problem, problemAt, problemsOf } from '../problems.ts'
import { sizeBytes } from '../quantity.ts'
import { parseToml, type Toml, type TomlPath, TomlSyntaxError } from '../toml.ts'
import { checkDigest, type DigestConfig, digestFrom, digestSchema, type RawDigest } from './digest.ts'
import { checkInhibits, type Inhibit, inhibitFrom, inhibitSchema, type RawInhibit } from './inhibit.ts'
import { checkKeys, geoSchema, keysSchema } from './knowledge.ts'
import { checkNotifiers, type Kinds, type NotifierConfig } from './notifiers.ts'
import { type PrivacyConfig, privacyFrom, privacySchema, type RawPrivacy } from './privacy.ts'
import { type RawRetention, type RetentionConfig, retentionFrom, retentionSchema } from './retention.ts'
import {
  checkRoutes,
  defaultRoutes,
  type Mute,
  muteFrom,
  muteSchema,
  type RawMute,
  type RawRoute,
  type Route,
  routeFrom,
  routesSchema,
} from './routes.ts'
import { type RawWatch, readWatches, type Watch, watchSchema } from './watch.ts'

export interface Config {
  network: { proxy: string | null; caFile: string | null }
  opsListen: { host: string; port: number } | null
  /** Bytes that the database may take; at the limit nothing is stored until it is raised. */
  storeMaxBytes: number
  /** Fingerprint → what the operator calls the key. */
  keys: ReadonlyMap<string, string>
  geoDatabases: readonly string[]
  privacy: PrivacyConfig
  retention: RetentionConfig
  notifiers: readonly NotifierConfig[]
  routes: readonly Route[]
  mutes: readonly Mute[]
  /** Logs that are read beside PAM. */
  watches: readonly Watch[]
  inhibits: readonly Inhibit[]
  /** null: none. */
  digest: DigestConfig | null
}

export interface Parsed {
  /** null if there are errors. */
  config: Config | null
  errors: Problem[]
  warnings: Problem[]
  /** For faults that are found only later, e.g. in a file that is named here. */
  problem(path: TomlPath, message: string): Problem
}

const schema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    network: {
      type: 'object',
      additionalProperties: false,
      properties: {
        proxy: { type: 'string', format: 'proxy' },
        ca_file: { type: 'string', format: 'path' },
      },
    },
    ops: {
      type: 'object',
      additionalProperties: false,
      properties: { listen: { type: 'string', format: 'listen' } },
    },
    store: {
      type: 'object',
      additionalProperties: false,
      properties: { max_size: { type: 'string', format: 'size' } },
    },
    keys: keysSchema,
    geo: geoSchema,
    privacy: privacySchema,
    retention: retentionSchema,
    notifiers: { type: 'object', additionalProperties: { type: 'object' } },
    routes: routesSchema,
    mute: muteSchema,
    watch: watchSchema,
    inhibit: inhibitSchema,
    digest: digestSchema,
  },
} as const

const checkShape = ajv.compile(schema)

/** No file at all: every login goes to the journal. */
export const defaultConfig: Config = {
  network: { proxy: null, caFile: null },
  opsListen: null,
  storeMaxBytes: 4 * 2 ** 30,
  keys: new Map(),
  geoDatabases: [],
  privacy: privacyFrom(),
  notifiers: [{ name: 'journal', type: 'journal', options: {}, limits: [], template: { title: null, text: null } }],
  retention: retentionFrom(),
  routes: defaultRoutes(['journal']),
  mutes: [],
  watches: [],
  inhibits: [],
  digest: null,
}

/** Checks all of it and reports every error at once. */
export function parseConfig(text: string, kinds: Kinds): Parsed {
  let toml: Toml
  try {
    toml = parseToml(text)
  } catch (error) {
    if (!(error instanceof TomlSyntaxError)) throw error
    const problem = () => ({ line: error.line, where: `column ${error.column}`, message: error.message })
    return { config: null, errors: [problem()], warnings: [], problem }
  }
  const errors: Problem[] = []
  const warnings: Problem[] = []
  const problem = (path: TomlPath, message: string) => problemAt(toml, path, message)
  checkShape(toml.value)
  errors.push(...problemsOf(toml, [], checkShape.errors))
  /** What is in these sections may be looked at more closely. */
  const shapely = (...sections: string[]) =>
    !checkShape.errors?.some(({ instancePath }) => sections.includes(instancePath.split('/')[1] ?? ''))

  const raw = toml.value as {
    network?: { proxy?: string; ca_file?: string }
    ops?: { listen?: string }
    store?: { max_size?: string }
    keys?: Record<string, string>
    geo?: { database?: string | string[] }
    privacy?: RawPrivacy
    retention?: RawRetention
    notifiers?: Record<string, unknown>
    routes?: RawRoute[]
    mute?: RawMute[]
    watch?: RawWatch[]
    inhibit?: RawInhibit[]
    digest?: RawDigest
  }
  const notifiers = checkNotifiers(toml, raw.notifiers ?? {}, kinds, errors)
  const names = Object.keys(raw.notifiers ?? {})
  const routes = shapely('routes', 'mute') ? raw.routes?.map(routeFrom) : undefined
  checkKeys(toml, raw.keys ?? {}, errors)
  const mutes = shapely('mute') ? (raw.mute ?? []).map(muteFrom) : []
  const inhibits = shapely('inhibit') ? (raw.inhibit ?? []).map(inhibitFrom) : []
  checkInhibits(toml, inhibits, errors)
  const digest = shapely('digest') && raw.digest !== undefined ? digestFrom(raw.digest) : null
  checkDigest(toml, digest, names.length > 0 ? names : ['journal'], errors)
  if (routes !== undefined) checkRoutes(toml, routes, mutes, names, errors, warnings)
  const watches = shapely('watch') ? readWatches(toml, raw.watch ?? [], errors) : []
  errors.sort((a, b) => a.line - b.line)
  if (errors.length > 0) return { config: null, errors, warnings, problem }
  const config = {
    network: { proxy: raw.network?.proxy ?? null, caFile: raw.network?.ca_file ?? null },
    opsListen: raw.ops?.listen ? hostAndPort(raw.ops.listen) : null,
    storeMaxBytes: raw.store?.max_size ? sizeBytes(raw.store.max_size) : defaultConfig.storeMaxBytes,
    keys: new Map(Object.entries(raw.keys ?? {})),
    geoDatabases: [raw.geo?.database ?? []].flat(),
    privacy: privacyFrom(raw.privacy),
    retention: retentionFrom(raw.retention),
    notifiers: names.length > 0 ? notifiers : defaultConfig.notifiers,
    routes: routes ?? defaultRoutes(names.length > 0 ? names : ['journal']),
    mutes,
    watches,
    inhibits,
    digest,
  }
  return { config, errors, warnings, problem }
}

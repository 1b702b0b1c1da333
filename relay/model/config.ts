// The configuration file: its schema, its defaults, and errors that name line and remedy. It reads no file.
import { isIP } from 'node:net'
import { ajv, hostAndPort, type Problem, problemAt, problemsOf, suggestion } from './problems.ts'
import { durationMs, sizeBytes } from './quantity.ts'
import { parseToml, type Toml, type TomlPath, TomlSyntaxError } from './toml.ts'

/** A JSON schema of an object's properties; keys that end in _file and have the format `path` are secrets. */
export interface KindSchema {
  readonly properties: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly required: readonly string[]
}

/** What parsing must know of each kind of notifier. */
export type Kinds = ReadonlyMap<string, { readonly schema: KindSchema }>

export interface NotifierConfig {
  name: string
  type: string
  options: Record<string, unknown>
}

export interface Route {
  /** Field → values, any of which will do; all fields must match. */
  match: Readonly<Record<string, readonly string[]>>
  notify: readonly string[]
  groupBy: readonly string[]
  groupIntervalMs: number
  continue: boolean
}

export interface Config {
  network: { proxy: string | null; caFile: string | null }
  opsListen: { host: string; port: number } | null
  /** Bytes that the database may take; at the limit nothing is stored until it is raised. */
  storeMaxBytes: number
  notifiers: readonly NotifierConfig[]
  routes: readonly Route[]
}

export interface Parsed {
  /** null if there are errors. */
  config: Config | null
  errors: Problem[]
  warnings: Problem[]
  /** For faults that are found only later, e.g. in a file that is named here. */
  problem(path: TomlPath, message: string): Problem
}

export const MATCH_FIELDS = ['service', 'type', 'outcome', 'user', 'ruser', 'tty', 'source', 'method', 'flag'] as const
export const GROUP_FIELDS = ['service', 'type', 'outcome', 'user', 'ruser', 'tty', 'source', 'method'] as const

const oneOrMore = {
  type: ['string', 'array'],
  items: { type: 'string' },
  minItems: 1,
} as const

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
    notifiers: { type: 'object', additionalProperties: { type: 'object' } },
    routes: {
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['notify'],
        properties: {
          match: {
            type: 'object',
            additionalProperties: false,
            properties: Object.fromEntries(MATCH_FIELDS.map((field) => [field, oneOrMore])),
          },
          notify: { type: 'array', items: { type: 'string' } },
          group_by: { type: 'array', items: { enum: GROUP_FIELDS } },
          group_interval: { type: 'string', format: 'duration' },
          continue: { type: 'boolean' },
        },
      },
    },
  },
} as const

const NOTIFIER_NAME = /^[A-Za-z0-9][A-Za-z0-9_-]*$/
const checkShape = ajv.compile(schema)

const list = (value: unknown): string[] => (value === undefined ? [] : [value as string | string[]].flat())

type RawRoute = {
  match?: Record<string, unknown>
  notify: string[]
  group_by?: string[]
  group_interval?: string
  continue?: boolean
}

function routeFrom(raw: RawRoute): Route {
  return {
    match: Object.fromEntries(Object.entries(raw.match ?? {}).map(([field, values]) => [field, list(values)])),
    notify: raw.notify,
    groupBy: raw.group_by ?? [],
    groupIntervalMs: durationMs(raw.group_interval ?? '5m'),
    continue: raw.continue ?? false,
  }
}

/** Successes at once, failures grouped by source; cron, systemd's own sessions and closings only stored. */
export function defaultRoutes(notify: readonly string[]): Route[] {
  const silent = {
    notify: [],
    groupBy: [],
    groupIntervalMs: 0,
    continue: false,
  }
  return [
    { ...silent, match: { service: ['cron', 'crond', 'atd', 'systemd-user'] } },
    { ...silent, match: { type: ['close_session'] } },
    {
      ...silent,
      match: { outcome: ['failure'] },
      notify,
      groupBy: ['source'],
      groupIntervalMs: 300_000,
    },
    { ...silent, match: {}, notify },
  ]
}

/** No file at all: every login goes to the journal. */
export const defaultConfig: Config = {
  network: { proxy: null, caFile: null },
  opsListen: null,
  storeMaxBytes: 4 * 2 ** 30,
  notifiers: [{ name: 'journal', type: 'journal', options: {} }],
  routes: defaultRoutes(['journal']),
}

function checkNotifiers(toml: Toml, raw: Record<string, unknown>, kinds: Kinds, errors: Problem[]): NotifierConfig[] {
  return Object.entries(raw).flatMap(([name, table]) => {
    const path = ['notifiers', name]
    if (typeof table !== 'object' || table === null) return []
    const { type, ...options } = table as { type?: unknown }
    const kind = typeof type === 'string' ? kinds.get(type) : undefined
    if (!NOTIFIER_NAME.test(name)) {
      errors.push(problemAt(toml, path, 'a name is made of letters, digits, _ and -'))
    } else if (type === undefined) {
      errors.push(problemAt(toml, path, '"type" is missing'))
    } else if (kind === undefined) {
      const known = suggestion(String(type), [...kinds.keys()])
      errors.push(problemAt(toml, [...path, 'type'], `there is no kind "${type}"${known}`))
    } else {
      const check = ajv.compile({
        type: 'object',
        additionalProperties: false,
        ...kind.schema,
      })
      if (!check(options)) errors.push(...problemsOf(toml, path, check.errors))
      return [{ name, type: String(type), options }]
    }
    return []
  })
}

function checkRoutes(
  toml: Toml,
  routes: readonly Route[],
  names: readonly string[],
  errors: Problem[],
  warnings: Problem[],
) {
  routes.forEach((route, i) => {
    for (const name of route.notify.filter((name) => !names.includes(name)))
      errors.push(problemAt(toml, ['routes', i, 'notify'], `there is no notifier "${name}"${suggestion(name, names)}`))
    for (const source of route.match.source ?? [])
      if (!isNetwork(source))
        errors.push(
          problemAt(
            toml,
            ['routes', i, 'match', 'source'],
            `"${source}" is neither an address nor a network such as 10.0.0.0/8`,
          ),
        )
  })
  for (const name of names)
    if (!routes.some((route) => route.notify.includes(name)))
      warnings.push(problemAt(toml, ['notifiers', name], 'no route names this notifier: it never gets an alert'))
}

function isNetwork(text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/')
  const version = isIP(address)
  return (
    version !== 0 &&
    rest.length === 0 &&
    (prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (version === 4 ? 32 : 128)))
  )
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
  const shapely = checkShape(toml.value)
  if (!shapely) errors.push(...problemsOf(toml, [], checkShape.errors))

  const raw = toml.value as {
    network?: { proxy?: string; ca_file?: string }
    ops?: { listen?: string }
    store?: { max_size?: string }
    notifiers?: Record<string, unknown>
    routes?: RawRoute[]
  }
  const notifiers = checkNotifiers(toml, raw.notifiers ?? {}, kinds, errors)
  const names = Object.keys(raw.notifiers ?? {})
  const routes = shapely ? raw.routes?.map(routeFrom) : undefined
  if (routes !== undefined) checkRoutes(toml, routes, names, errors, warnings)
  if (errors.length > 0) return { config: null, errors, warnings, problem }
  const config = {
    network: { proxy: raw.network?.proxy ?? null, caFile: raw.network?.ca_file ?? null },
    opsListen: raw.ops?.listen ? hostAndPort(raw.ops.listen) : null,
    storeMaxBytes: raw.store?.max_size ? sizeBytes(raw.store.max_size) : defaultConfig.storeMaxBytes,
    notifiers: names.length > 0 ? notifiers : defaultConfig.notifiers,
    routes: routes ?? defaultRoutes(names.length > 0 ? names : ['journal']),
  }
  return { config, errors, warnings, problem }
}

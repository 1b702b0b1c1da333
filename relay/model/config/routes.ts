// [[routes]]: which events go to which notifiers. Its schema, its defaults, and what can be wrong with it.
import { isIP } from 'node:net'
import type { Priority } from '../alert.ts'
import { type Problem, problemAt, suggestion } from '../problems.ts'
import { durationMs } from '../quantity.ts'
import type { Toml } from '../toml.ts'

export interface Route {
  /** Field → values, any of which will do; all fields must match. */
  match: Readonly<Record<string, readonly string[]>>
  notify: readonly string[]
  groupBy: readonly string[]
  groupIntervalMs: number
  priority: Priority
  continue: boolean
}

export const MATCH_FIELDS = ['service', 'type', 'outcome', 'user', 'ruser', 'tty', 'source', 'method', 'flag'] as const
export const GROUP_FIELDS = ['service', 'type', 'outcome', 'user', 'ruser', 'tty', 'source', 'method'] as const

const oneOrMore = {
  type: ['string', 'array'],
  items: { type: 'string' },
  minItems: 1,
} as const

export const routesSchema = {
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
      priority: { enum: [-2, -1, 0, 1, 2] },
      continue: { type: 'boolean' },
    },
  },
} as const

const list = (value: unknown): string[] => (value === undefined ? [] : [value as string | string[]].flat())

export type RawRoute = {
  match?: Record<string, unknown>
  notify: string[]
  group_by?: string[]
  group_interval?: string
  priority?: Priority
  continue?: boolean
}

export function routeFrom(raw: RawRoute): Route {
  return {
    match: Object.fromEntries(Object.entries(raw.match ?? {}).map(([field, values]) => [field, list(values)])),
    notify: raw.notify,
    groupBy: raw.group_by ?? [],
    groupIntervalMs: durationMs(raw.group_interval ?? '5m'),
    priority: raw.priority ?? 0,
    continue: raw.continue ?? false,
  }
}

/** Successes at once, failures grouped by source; cron, systemd's own sessions and closings only stored. */
export function defaultRoutes(notify: readonly string[]): Route[] {
  const silent = {
    notify: [],
    groupBy: [],
    groupIntervalMs: 0,
    priority: 0,
    continue: false,
  } as const
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

export function checkRoutes(
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

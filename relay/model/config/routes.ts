// [[routes]] and [[mute]]: which events go to which notifiers, and when not. Schema, defaults, and what can be wrong.
import { isNetwork } from '../address.ts'
import type { Priority } from '../alert.ts'
import { type Conditions, patternFault, type Wanted } from '../conditions.ts'
import { FIELD_VALUES, type Field, GROUP_FIELDS, MATCH_FIELDS } from '../fields.ts'
import { type Problem, problemAt, suggestion } from '../problems.ts'
import { durationMs } from '../quantity.ts'
import { rangeOf, type Times } from '../times.ts'
import type { Toml, TomlPath } from '../toml.ts'
import { whyNever } from './reach.ts'

export interface Route extends Conditions {
  /** As it is spoken of, and what its groups are known by over changes of the file. */
  name: string | null
  notify: readonly string[]
  /** Names of mutes. */
  mute: readonly string[]
  groupBy: readonly Field[]
  groupIntervalMs: number
  priority: Priority
  continue: boolean
}

export interface Mute {
  name: string
  times: Times
}

const oneOrMore = { type: ['string', 'array'], items: { type: 'string' }, minItems: 1 } as const
/** Field → a value or several. */
export const fieldsSchema = {
  type: 'object',
  additionalProperties: false,
  properties: Object.fromEntries(MATCH_FIELDS.map((field) => [field, oneOrMore])),
} as const
const times = { type: 'array', items: { type: 'string', format: 'times' }, minItems: 1 } as const
const timeZone = { type: 'string', format: 'time_zone' } as const

export const routesSchema = {
  type: 'array',
  items: {
    type: 'object',
    additionalProperties: false,
    required: ['notify'],
    properties: {
      name: { type: 'string' },
      match: fieldsSchema,
      match_re: fieldsSchema,
      not: fieldsSchema,
      times,
      time_zone: timeZone,
      notify: { type: 'array', items: { type: 'string' } },
      mute: { type: 'array', items: { type: 'string' } },
      group_by: { type: 'array', items: { enum: GROUP_FIELDS } },
      group_interval: { type: 'string', format: 'duration' },
      priority: { enum: [-2, -1, 0, 1, 2] },
      continue: { type: 'boolean' },
    },
  },
} as const

export const muteSchema = {
  type: 'array',
  items: {
    type: 'object',
    additionalProperties: false,
    required: ['name', 'times'],
    properties: { name: { type: 'string' }, times, time_zone: timeZone },
  },
} as const

export type RawFields = Record<string, string | string[]>

export interface RawRoute {
  name?: string
  match?: RawFields
  match_re?: RawFields
  not?: RawFields
  times?: string[]
  time_zone?: string
  notify: string[]
  mute?: string[]
  group_by?: Field[]
  group_interval?: string
  priority?: Priority
  continue?: boolean
}

export interface RawMute {
  name: string
  times: string[]
  time_zone?: string
}

export const wanted = (raw: RawFields = {}): Wanted =>
  Object.fromEntries(Object.entries(raw).map(([field, values]) => [field, [values].flat()]))

/** Without a zone it is the machine's own. */
const timesFrom = (ranges: readonly string[], zone: string | undefined): Times => ({
  ranges: ranges.map(rangeOf).filter((range) => range !== null),
  timeZone: zone ?? Temporal.Now.timeZoneId(),
})

export function routeFrom(raw: RawRoute): Route {
  return {
    name: raw.name ?? null,
    match: wanted(raw.match),
    matchRe: wanted(raw.match_re),
    not: wanted(raw.not),
    times: raw.times === undefined ? null : timesFrom(raw.times, raw.time_zone),
    notify: raw.notify,
    mute: raw.mute ?? [],
    groupBy: raw.group_by ?? [],
    groupIntervalMs: durationMs(raw.group_interval ?? '5m'),
    priority: raw.priority ?? 0,
    continue: raw.continue ?? false,
  }
}

export const muteFrom = (raw: RawMute): Mute => ({ name: raw.name, times: timesFrom(raw.times, raw.time_zone) })

/**
 * A break-in aloud; failures grouped by source; a login at once, and then, while the same one comes with the
 * same key from the same place, as a count; cron, systemd's own sessions and closings only stored.
 */
export function defaultRoutes(notify: readonly string[]): Route[] {
  return [
    { match: { service: ['cron', 'crond', 'atd', 'systemd-user'] }, notify: [] },
    { match: { type: 'close_session' }, notify: [] },
    { match: { situation: 'break_in' }, notify: [...notify], priority: 1 as const },
    { match: { outcome: 'failure' }, notify: [...notify], group_by: ['source' as const], group_interval: '5m' },
    {
      notify: [...notify],
      group_by: ['service', 'type', 'user', 'ruser', 'source', 'method', 'key'] as Field[],
      group_interval: '1h',
    },
  ].map(routeFrom)
}

/** What is wrong with the values of a match or not. */
export function* wrongValues(path: TomlPath, wanted: Wanted): Generator<[TomlPath, string]> {
  for (const [field, values] of Object.entries(wanted)) {
    const known: readonly string[] | undefined = Object.entries(FIELD_VALUES).find(([name]) => name === field)?.[1]
    for (const value of values) {
      if (field === 'source' && !isNetwork(value))
        yield [[...path, field], `"${value}" is neither an address nor a network such as 10.0.0.0/8`]
      if (known !== undefined && !known.includes(value))
        yield [[...path, field], `"${value}" is none of ${known.join(', ')}`]
    }
  }
}

function* wrongPatterns(toml: Toml, path: TomlPath, wanted: Wanted): Generator<[TomlPath, string]> {
  for (const [field, patterns] of Object.entries(wanted))
    for (const [i, pattern] of patterns.entries()) {
      const fault = patternFault(pattern)
      if (fault === null) continue
      // A lone pattern stands at its field, one of a list at its place in it.
      const at = [...path, field, ...(patterns.length > 1 ? [i] : [])]
      yield [at, `column ${toml.columnOf(at, pattern) + pattern.indexOf(fault.part)}: ${fault.message}`]
    }
}

export function checkRoutes(
  toml: Toml,
  routes: readonly Route[],
  mutes: readonly Mute[],
  names: readonly string[],
  errors: Problem[],
  warnings: Problem[],
) {
  const muteNames = mutes.map(({ name }) => name)
  routes.forEach((route, i) => {
    const path = ['routes', i]
    const wrong = (key: string, message: string) => errors.push(problemAt(toml, [...path, key], message))
    for (const name of route.notify.filter((name) => !names.includes(name)))
      wrong('notify', `there is no notifier "${name}"${suggestion(name, names)}`)
    for (const name of route.mute.filter((name) => !muteNames.includes(name)))
      wrong('mute', `there is no [[mute]] named "${name}"${suggestion(name, muteNames)}`)
    for (const [at, message] of [
      ...wrongValues([...path, 'match'], route.match),
      ...wrongValues([...path, 'not'], route.not),
      ...wrongPatterns(toml, [...path, 'match_re'], route.matchRe),
    ])
      errors.push(problemAt(toml, at, message))
    const never = whyNever(routes, i)
    if (never !== null) warnings.push(problemAt(toml, path, never))
  })
  for (const name of names)
    if (!routes.some((route) => route.notify.includes(name)))
      warnings.push(problemAt(toml, ['notifiers', name], 'no route names this notifier: it never gets an alert'))
}

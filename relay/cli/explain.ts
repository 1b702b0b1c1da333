// pam-alert config explain: which route takes an event, and what would be sent, when and to whom. It sends
// nothing and asks nobody: the event is made of what is said of it.
import { hostname } from 'node:os'
import { createAccounts } from '../machine/accounts.ts'
import { addressOf } from '../model/address.ts'
import { alertFor } from '../model/alert.ts'
import { compileConditions } from '../model/conditions.ts'
import { type Config, defaultConfig, parseConfig } from '../model/config/config.ts'
import { routeName } from '../model/config/reach.ts'
import { PamAlertError } from '../model/errors.ts'
import { type EventRecord, eventSchema } from '../model/event.ts'
import { FIELD_VALUES, valuesOf } from '../model/fields.ts'
import type { First, Meaning } from '../model/meaning.ts'
import type { Paths } from '../model/paths.ts'
import { spanInWords } from '../model/quantity.ts'
import type { Target } from '../model/target.ts'
import { worded } from '../model/template.ts'
import { kinds } from '../notifiers/index.ts'
import { createRouter } from '../route.ts'
import { readConfig } from '../settings.ts'
import { localTime, say, sayJson, style } from './terminal.ts'

export interface ExplainOptions {
  user?: string
  source?: string
  service: string
  type: string
  outcome?: string
  ruser?: string
  tty?: string
  method?: string
  key?: string
  first?: string[]
  admin?: boolean
  group?: string[]
  situation?: string
  at?: string
  json?: boolean
}

function oneOf<T extends string>(option: string, value: string, known: readonly T[]): T {
  const found = known.find((one) => one === value)
  if (found === undefined) throw new PamAlertError('usage', `--${option} ${value}: is none of ${known.join(', ')}`)
  return found
}

/** @throws {PamAlertError} usage */
function eventOf(paths: Paths, options: ExplainOptions): { record: EventRecord; meaning: Meaning } {
  const { user = null, source, service, ruser = null, tty = null, method = null, key, first = [] } = options
  const at = options.at === undefined ? new Date() : new Date(options.at)
  if (Number.isNaN(at.getTime()))
    throw new PamAlertError('usage', `--at ${options.at}: must be a time, e.g. 2026-11-20T23:00`)
  const time = at.toISOString().replace('Z', '000Z')
  const type = oneOf('type', options.type, eventSchema.properties.type.enum)
  const usual = type === 'auth' || type === 'account' ? 'failure' : 'success'
  const outcome = oneOf('outcome', options.outcome ?? usual, FIELD_VALUES.outcome)
  const { situation } = options
  const record: EventRecord = {
    v: 1,
    id: '00000000-0000-7000-8000-000000000000',
    time,
    type,
    outcome,
    service,
    user,
    rhost: source ?? null,
    ruser,
    tty,
    pid: 0,
    uid: 0,
    ssh: null,
    flags: [],
    host: { name: hostname().split('.')[0] ?? '', machine_id: null, boot_id: null },
    seq: 0,
  }
  const address = source === undefined ? null : addressOf(source)
  const standing = createAccounts(paths).standing(user ?? '')
  const failures = { failures: 5, users: 1, more: false, since: time }
  const meaning: Meaning = {
    user,
    source: source === undefined ? null : { address, port: null, name: address === null ? source : null },
    method,
    key: key === undefined ? null : { type: '', fingerprint: key, name: null },
    first: first.map((one): First => oneOf('first', one, FIELD_VALUES.first)),
    session: null,
    admin: options.admin ?? standing.admin,
    groups: options.group ?? standing.groups,
    place: null,
    attack:
      situation === undefined
        ? null
        : { situation: oneOf('situation', situation, FIELD_VALUES.situation), ...failures },
  }
  return { record, meaning }
}

/** @throws {PamAlertError} config_invalid, config_unreadable */
function configOf(paths: Paths): { config: Config; lineOf(route: number): number | null } {
  const text = readConfig(paths.config)
  if (text === null) return { config: defaultConfig, lineOf: () => null }
  const { config, errors, problem } = parseConfig(text, kinds)
  if (config === null)
    throw new PamAlertError(
      'config_invalid',
      errors.map(({ line, where, message }) => `${paths.config}:${line}: ${where}: ${message}`).join('\n'),
    )
  const own = /^\s*\[\[\s*routes\s*\]\]/m.test(text)
  return { config, lineOf: (route) => (own ? problem(['routes', route], '').line : null) }
}

function whenInWords({ group }: Target): string {
  if (group === null) return 'at once, each one'
  const after = spanInWords(Math.round(group.intervalMs / 1000))
  return group.held === null
    ? `at once; others of its group are counted, and told after ${after}, then ever more rarely`
    : `${group.held}: counted, and told in ${after}`
}

/** @throws {PamAlertError} usage, config_invalid, config_unreadable */
export function explain(paths: Paths, options: ExplainOptions) {
  const { config, lineOf } = configOf(paths)
  const { record, meaning } = eventOf(paths, options)
  const names = config.notifiers.map(({ name }) => name)
  const { targets, taken } = createRouter(config, names)(record, meaning, Date.parse(record.time))
  const alert = alertFor(record, meaning)
  const messages = targets.map((target) => {
    const { template } = config.notifiers.find(({ name }) => name === target.notifier) ?? {}
    const { title, text } = template === undefined ? alert : worded(alert, template)
    return { ...target, title, text }
  })
  const values = valuesOf(record, meaning)
  const silencers = config.inhibits.filter(
    ({ target }) =>
      targets.length > 0 &&
      meaning.attack?.situation !== 'break_in' &&
      compileConditions({ match: target, matchRe: {}, not: {}, times: null })(values, 0),
  )
  const routes = taken.map((i) => ({ route: routeName(config.routes, i), line: lineOf(i) }))
  if (options.json) return sayJson({ routes, messages, inhibited_while: silencers.map(({ name }) => name) })

  say(`${style('bold', alert.text)}; ${localTime(record.time)}`)
  for (const { route, line } of routes)
    say(`${route}${line === null ? ' of the default routes' : ` in line ${line}`} takes it.`)
  if (routes.length === 0) say('No route takes it.')
  if (targets.length === 0) say('It is stored and counted, not sent.')
  for (const message of messages) {
    say(`  ${message.notifier}, priority ${message.priority}: ${whenInWords(message)}`)
    if (message.text !== alert.text || message.title !== alert.title) say(`    ${message.title} | ${message.text}`)
  }
  for (const { name } of silencers) say(`  While ${name} goes on, it is counted, and told later.`)
}

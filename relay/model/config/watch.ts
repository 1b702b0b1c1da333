// [[watch]]: logs that are read beside PAM, and what is looked for in them. Its schema and what can be wrong with it.
import { RE2JS } from 're2js'
import { patternFault } from '../conditions.ts'
import type { LogEvent } from '../event.ts'
import type { Reading } from '../log/interpreter.ts'
import { compileRule, type Rule } from '../log/rule.ts'
import { ruleSets } from '../log/rules/index.ts'
import type { Threshold } from '../log/threshold.ts'
import { type Problem, problemAt, suggestion } from '../problems.ts'
import type { Toml } from '../toml.ts'

export type LogSource =
  | { kind: 'file'; path: string }
  /** journalctl(1): lines of any of the units, with any of the identifiers. */
  | { kind: 'journal'; units: readonly string[]; identifiers: readonly string[] }

export interface Watch {
  source: LogSource
  reading: Reading
}

const texts = { type: ['string', 'array'], items: { type: 'string' }, minItems: 1 } as const
const count = { type: 'integer', minimum: 1, maximum: 1_000_000 } as const

export const watchSchema = {
  type: 'array',
  items: {
    type: 'object',
    additionalProperties: false,
    properties: {
      file: { type: 'string', format: 'path' },
      journal: { type: 'boolean' },
      units: texts,
      identifiers: texts,
      rules: texts,
      name: { type: 'string' },
      pattern: { type: 'string' },
      service: { type: 'string' },
      outcome: { enum: ['success', 'failure'] },
      ignore: texts,
      threshold: {
        type: 'object',
        additionalProperties: false,
        required: ['type', 'count', 'seconds'],
        properties: {
          type: { enum: ['limit', 'threshold', 'both'] },
          count,
          seconds: count,
          track_by: texts,
        },
      },
    },
  },
} as const

export interface RawWatch {
  file?: string
  journal?: boolean
  units?: string | string[]
  identifiers?: string | string[]
  rules?: string | string[]
  name?: string
  pattern?: string
  service?: string
  outcome?: LogEvent['outcome']
  ignore?: string | string[]
  threshold?: Threshold & { track_by?: string | string[] }
}

const list = (value: string | string[] | undefined): string[] => (value === undefined ? [] : [value].flat())

function sourceOf({ file, units, identifiers }: RawWatch): LogSource {
  return file === undefined
    ? { kind: 'journal', units: list(units), identifiers: list(identifiers) }
    : { kind: 'file', path: file }
}

/** Of a table by itself: what it leaves out or says twice. */
function contradiction(raw: RawWatch): string | null {
  const { file, journal, units, identifiers, rules, pattern, name, outcome, service } = raw
  if ((file === undefined) === (journal !== true)) return 'a watch has either file = "/PATH" or journal = true'
  if (file !== undefined && (units ?? identifiers) !== undefined) return "units and identifiers are the journal's"
  if (rules === undefined && pattern === undefined)
    return `"rules" (${Object.keys(ruleSets).join(', ')}) or "pattern" is missing`
  if (pattern !== undefined && name === undefined) return '"name" is missing: what alerts and routes call this pattern'
  if (pattern === undefined && (name ?? outcome ?? service) !== undefined)
    return 'name, outcome and service belong to a pattern, and there is none'
  if (name !== undefined && !/^[A-Za-z0-9][A-Za-z0-9_-]*$/.test(name))
    return 'a name is made of letters, digits, _ and -'
  return null
}

/** @returns what compiles; the rest is told in `errors` */
export function readWatches(toml: Toml, raws: readonly RawWatch[], errors: Problem[]): Watch[] {
  return raws.flatMap((raw, i) => {
    const wrong = (key: string | null, message: string) =>
      errors.push(problemAt(toml, ['watch', i, ...(key === null ? [] : [key])], message))
    const fault = contradiction(raw)
    if (fault !== null) {
      wrong(null, fault)
      return []
    }
    const sound = (key: string, pattern: string) => {
      const fault = patternFault(pattern)
      const at = ['watch', i, key]
      if (fault !== null) {
        const column = toml.columnOf(at, pattern) + pattern.indexOf(fault.part)
        errors.push(problemAt(toml, at, `column ${column}: ${fault.message}`))
      }
      return fault === null
    }
    for (const set of list(raw.rules).filter((set) => !Object.hasOwn(ruleSets, set)))
      wrong('rules', `there is no rule set "${set}"${suggestion(set, Object.keys(ruleSets))}`)
    const ignored = list(raw.ignore)
      .filter((pattern) => sound('ignore', pattern))
      .map((pattern) => RE2JS.compile(pattern))
    const { pattern } = raw
    const own = pattern !== undefined && sound('pattern', pattern) ? [ownRule(raw, pattern)] : []
    const { threshold } = raw
    const reading: Reading = {
      rules: [...own, ...list(raw.rules).flatMap(readyRules)],
      ignores: (message) => ignored.some((pattern) => pattern.test(message)),
      threshold: threshold === undefined ? null : { ...threshold, trackBy: list(threshold.track_by) },
    }
    return [{ source: sourceOf(raw), reading }]
  })
}

const compiled = new Map<string, Rule[]>()

/** The rules of a ready-made set; compiled once, for the first who asks. */
export function readyRules(set: string): Rule[] {
  const known = compiled.get(set)
  if (known !== undefined) return known
  const rules = (ruleSets[set] ?? []).map(compileRule)
  compiled.set(set, rules)
  return rules
}

function ownRule({ name = '', service, outcome = 'failure' }: RawWatch, pattern: string): Rule {
  return compileRule({
    name,
    programs: null,
    pattern,
    type: 'log',
    outcome,
    what: '{message}',
    service: service ?? null,
    witness: name,
  })
}

/** The groups whose members may read what is watched: adm for files, after Debian's custom, and the journal's own. */
export function groupsFor(watches: readonly Watch[]): string[] {
  const kinds = new Set(watches.map(({ source }) => source.kind))
  return [...(kinds.has('file') ? ['adm'] : []), ...(kinds.has('journal') ? ['systemd-journal'] : [])]
}

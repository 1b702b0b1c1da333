// [notifiers.*]: each table after the schema of its kind.
import { ajv, type Problem, problemAt, problemsOf, suggestion } from '../problems.ts'
import type { Toml } from '../toml.ts'
import { budgetSchema, type Limit, limitsFrom, type RawBudget } from './budget.ts'

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
  /** None: as many messages as there are alerts. */
  limits: readonly Limit[]
}

const NOTIFIER_NAME = /^[A-Za-z0-9][A-Za-z0-9_-]*$/
export function checkNotifiers(
  toml: Toml,
  raw: Record<string, unknown>,
  kinds: Kinds,
  errors: Problem[],
): NotifierConfig[] {
  return Object.entries(raw).flatMap(([name, table]) => {
    const path = ['notifiers', name]
    if (typeof table !== 'object' || table === null) return []
    const { type, ...settings } = table as { type?: unknown; budget?: RawBudget }
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
        required: kind.schema.required,
        properties: { ...kind.schema.properties, budget: budgetSchema },
      })
      const sound = check(settings)
      if (!sound) errors.push(...problemsOf(toml, path, check.errors))
      const { budget = {}, ...options } = settings
      return [{ name, type: String(type), options, limits: sound ? limitsFrom(budget) : [] }]
    }
    return []
  })
}

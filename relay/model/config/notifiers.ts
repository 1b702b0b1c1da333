// [notifiers.*]: each table after the schema of its kind.
import { ajv, type Problem, problemAt, problemsOf, suggestion } from '../problems.ts'
import { TEMPLATE_FIELDS, type Template, templateFault } from '../template.ts'
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
  /** The operator's own words; null: ours. */
  template: Template
}

const templateSchema = {
  type: 'object',
  additionalProperties: false,
  properties: { title: { type: 'string' }, text: { type: 'string' } },
} as const

/** What is wrong with the words. */
function* wrongWords(words: Partial<Record<'title' | 'text', string>>): Generator<[key: string, message: string]> {
  for (const [key, template] of Object.entries(words)) {
    const fault = templateFault(template)
    if (fault === 'brace') yield [key, 'a { or } that is meant is written twice: {{']
    else if (fault !== null)
      yield [key, `there is no field {${fault.field}}${suggestion(fault.field, TEMPLATE_FIELDS)}`]
  }
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
    const { type, ...settings } = table as {
      type?: unknown
      budget?: RawBudget
      template?: { title?: string; text?: string }
    }
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
        properties: { ...kind.schema.properties, budget: budgetSchema, template: templateSchema },
      })
      const sound = check(settings)
      if (!sound) errors.push(...problemsOf(toml, path, check.errors))
      const { budget = {}, template = {}, ...options } = settings
      if (!sound) return []
      for (const [key, message] of wrongWords(template))
        errors.push(problemAt(toml, [...path, 'template', key], message))
      const own = { title: template.title ?? null, text: template.text ?? null }
      return [{ name, type: String(type), options, limits: limitsFrom(budget), template: own }]
    }
    return []
  })
}

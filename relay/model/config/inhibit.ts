// [[inhibit]]: what keeps what silent. Its schema, and what can be wrong with it.
import type { Wanted } from '../conditions.ts'
import { type Field, GROUP_FIELDS } from '../fields.ts'
import { type Problem, problemAt } from '../problems.ts'
import { durationMs } from '../quantity.ts'
import type { Toml } from '../toml.ts'
import { fieldsSchema, type RawFields, wanted, wrongValues } from './routes.ts'

export interface Inhibit {
  name: string
  /** What starts a silence, and goes on with it. */
  source: Wanted
  /** What is silent then. */
  target: Wanted
  /** Fields in which both must be the same. */
  equal: readonly Field[]
  /** How long after the last `source`; and how often what was silent is told as a count. */
  forMs: number
}

export const inhibitSchema = {
  type: 'array',
  items: {
    type: 'object',
    additionalProperties: false,
    required: ['name', 'source', 'target'],
    properties: {
      name: { type: 'string' },
      source: fieldsSchema,
      target: fieldsSchema,
      equal: { type: 'array', items: { enum: GROUP_FIELDS } },
      for: { type: 'string', format: 'duration' },
    },
  },
} as const

export interface RawInhibit {
  name: string
  source: RawFields
  target: RawFields
  equal?: Field[]
  for?: string
}

export const inhibitFrom = (raw: RawInhibit): Inhibit => ({
  name: raw.name,
  source: wanted(raw.source),
  target: wanted(raw.target),
  equal: raw.equal ?? [],
  forMs: durationMs(raw.for ?? '1h'),
})

export function checkInhibits(toml: Toml, inhibits: readonly Inhibit[], errors: Problem[]) {
  inhibits.forEach(({ source, target }, i) => {
    const path = ['inhibit', i]
    for (const [at, message] of [
      ...wrongValues([...path, 'source'], source),
      ...wrongValues([...path, 'target'], target),
    ])
      errors.push(problemAt(toml, at, message))
  })
}

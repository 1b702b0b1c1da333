// [digest]: one message a day that says what happened. Its schema, and what can be wrong with it.
import { type Problem, problemAt, suggestion } from '../problems.ts'
import type { Toml } from '../toml.ts'

export interface DigestConfig {
  /** Minutes since midnight. */
  at: number
  timeZone: string
  notify: readonly string[]
}

export const digestSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['at', 'notify'],
  properties: {
    at: { type: 'string', format: 'time_of_day' },
    time_zone: { type: 'string', format: 'time_zone' },
    notify: { type: 'array', items: { type: 'string' }, minItems: 1 },
  },
} as const

export interface RawDigest {
  at: string
  time_zone?: string
  notify: string[]
}

export function digestFrom({ at, time_zone, notify }: RawDigest): DigestConfig {
  const [hour = 0, minute = 0] = at.split(':').map(Number)
  return { at: hour * 60 + minute, timeZone: time_zone ?? Temporal.Now.timeZoneId(), notify }
}

export function checkDigest(toml: Toml, digest: DigestConfig | null, names: readonly string[], errors: Problem[]) {
  for (const name of digest?.notify.filter((name) => !names.includes(name)) ?? [])
    errors.push(problemAt(toml, ['digest', 'notify'], `there is no notifier "${name}"${suggestion(name, names)}`))
}

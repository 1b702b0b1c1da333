// [keys] and [geo]: what the operator knows of keys, and which files know of addresses.
import { type Problem, problemAt } from '../problems.ts'
import type { Toml } from '../toml.ts'

const FINGERPRINT = /^SHA256:[A-Za-z0-9+/]{43}$/

export const keysSchema = { type: 'object', additionalProperties: { type: 'string' } } as const

export const geoSchema = {
  type: 'object',
  additionalProperties: false,
  properties: { database: { type: ['string', 'array'], format: 'path', items: { type: 'string', format: 'path' } } },
} as const

export function checkKeys(toml: Toml, keys: Record<string, unknown>, errors: Problem[]) {
  for (const fingerprint of Object.keys(keys).filter((key) => !FINGERPRINT.test(key)))
    errors.push(problemAt(toml, ['keys', fingerprint], 'must be a fingerprint as ssh-keygen -l prints it: SHA256:...'))
}

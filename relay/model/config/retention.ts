// [retention]: how much of the history is kept.
import { durationMs } from '../quantity.ts'

export interface RetentionConfig {
  maxAgeMs: number
  /** null: as many as there is room for. */
  maxEvents: number | null
}

const MAX_AGE = '400d'

export const retentionSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    max_age: { type: 'string', format: 'age' },
    max_events: { type: 'integer', minimum: 1 },
  },
} as const

export interface RawRetention {
  max_age?: string
  max_events?: number
}

export const retentionFrom = ({ max_age = MAX_AGE, max_events }: RawRetention = {}): RetentionConfig => ({
  maxAgeMs: durationMs(max_age),
  maxEvents: max_events ?? null,
})

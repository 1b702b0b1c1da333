// The dead letters over the socket: what can't be delivered is listed, sent after all, or given up.
import type { FastifyInstance } from 'fastify'
import type { DeadLetter } from './db/deliveries.ts'

const body = {
  type: 'object',
  additionalProperties: false,
  required: ['ids'],
  properties: { ids: { type: 'array', items: { type: 'integer', minimum: 1 }, maxItems: 10_000 } },
} as const

export interface DeadLetters {
  dead(): DeadLetter[]
  /** Both answer how many of these there were. */
  retryDead(ids: readonly number[]): number
  dropDead(ids: readonly number[]): number
}

export function registerDeadLetters(app: FastifyInstance, letters: () => DeadLetters) {
  app.get('/v1/dead', async () => ({ dead: letters().dead() }))
  app.post<{ Body: { ids: number[] } }>('/v1/dead/retry', { schema: { body } }, async (request) => ({
    count: letters().retryDead(request.body.ids),
  }))
  app.post<{ Body: { ids: number[] } }>('/v1/dead/drop', { schema: { body } }, async (request) => ({
    count: letters().dropDead(request.body.ids),
  }))
}

// POST /v1/events: validate, store, and only then acknowledge.
import type { FastifyInstance } from 'fastify'
import { eventSchema, isEvent, type LoginEvent, type Receipt } from './model/event.ts'

/** @param accept resolves when the event is on disk */
export function registerIntake(app: FastifyInstance, accept: (event: LoginEvent) => Promise<Receipt>) {
  const checked = { schema: { body: eventSchema }, validatorCompiler: () => isEvent }
  app.post<{ Body: LoginEvent }>('/v1/events', checked, async (request, reply) => {
    try {
      const { id, seq, repeated } = await accept(request.body)
      return reply.code(repeated ? 200 : 202).send({ id, seq })
    } catch (error) {
      request.log.error({ err: error, eventId: request.body.id }, 'not stored')
      return reply.code(503).send({
        error: 'store_unusable',
        message: 'the event could not be stored',
      })
    }
  })
}

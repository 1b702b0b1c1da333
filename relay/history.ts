// GET /v1/events: what was stored, by filter, and as it comes. It only reads.
import type { FastifyInstance } from 'fastify'
import type { Deliveries } from './db/deliveries.ts'
import type { Emergencies } from './db/emergencies.ts'
import type { EventFilter, Events } from './db/events.ts'

/** Seconds that one request may wait for news; the client asks again. */
const WAIT_MAX_S = 60

const text = { type: 'string', maxLength: 4096 } as const
const number = { type: 'string', pattern: '^\\d{1,15}$' } as const
const query = {
  type: 'object',
  additionalProperties: false,
  properties: {
    after: number,
    limit: number,
    wait_s: number,
    user: text,
    source: text,
    service: text,
    outcome: text,
    since: text,
  },
} as const

type Query = Partial<Record<keyof (typeof query)['properties'], string>>

/** @param store the tables that are in use now; they may be replaced */
export function createHistory(store: () => { events: Events; deliveries: Deliveries; emergencies: Emergencies }) {
  const waiting = new Set<() => void>()

  function news(waitMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer)
        waiting.delete(done)
        resolve()
      }
      const timer = setTimeout(done, waitMs)
      waiting.add(done)
      signal.addEventListener('abort', done, { once: true })
    })
  }

  return {
    /** Wakes whoever waits for news. */
    arrived() {
      for (const wake of waiting) wake()
    },

    register(app: FastifyInstance) {
      app.get<{ Querystring: Query }>('/v1/events', { schema: { querystring: query } }, async (request) => {
        const { after, limit = '100', wait_s = '0', ...fields } = request.query
        const filter: EventFilter = { ...fields, ...(after === undefined ? {} : { afterSeq: Number(after) }) }
        const rows = Math.min(Number(limit), 1000)
        const until = performance.now() + Math.min(Number(wait_s), WAIT_MAX_S) * 1000
        for (;;) {
          const events = store().events.find(filter, rows)
          const left = until - performance.now()
          if (events.length > 0 || left <= 0 || request.signal.aborted)
            return {
              events,
              emergencies: store().emergencies.between(events[0]?.record.seq ?? 0, events.at(-1)?.record.seq ?? 0),
              last_seq: store().events.routed(),
              origin: store().events.origin(),
            }
          await news(left, request.signal)
        }
      })

      app.get<{ Params: { seq: string } }>(
        '/v1/events/:seq',
        { schema: { params: { type: 'object', properties: { seq: number } } } },
        async (request, reply) => {
          const seq = Number(request.params.seq)
          const event = store().events.get(seq)
          if (event === null)
            return reply.code(404).send({ error: 'no_such_event', message: `there is no event ${seq}` })
          return { ...event, deliveries: store().deliveries.ofEvent(seq) }
        },
      )
    },
  }
}

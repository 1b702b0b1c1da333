// GET /v1/events: what was stored, by filter, and as it comes. It only reads.
import type { FastifyInstance } from 'fastify'
import type { DeliveryState } from './db/deliveries.ts'
import type { EventFilter, StoredEvent } from './db/events.ts'

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

export interface HistoryOptions {
  find(filter: EventFilter, limit: number): StoredEvent[]
  get(seq: number): StoredEvent | null
  deliveriesOf(seq: number): DeliveryState[]
  /** The last event that has been routed. */
  lastSeq(): number
}

export function createHistory({ find, get, deliveriesOf, lastSeq }: HistoryOptions) {
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
          const events = find(filter, rows)
          const left = until - performance.now()
          if (events.length > 0 || left <= 0 || request.signal.aborted) return { events, last_seq: lastSeq() }
          await news(left, request.signal)
        }
      })

      app.get<{ Params: { seq: string } }>(
        '/v1/events/:seq',
        { schema: { params: { type: 'object', properties: { seq: number } } } },
        async (request, reply) => {
          const seq = Number(request.params.seq)
          const event = get(seq)
          if (event === null)
            return reply.code(404).send({ error: 'no_such_event', message: `there is no event ${seq}` })
          return { ...event, deliveries: deliveriesOf(seq) }
        },
      )
    },
  }
}

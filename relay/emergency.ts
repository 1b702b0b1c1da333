// Asks, politely and over restarts, who has answered the messages that ring until somebody does; and
// tells the service to stop where the operator wants it.
import type { FastifyInstance } from 'fastify'
import type { Delivery } from './db/deliveries.ts'
import type { Emergencies, Emergency } from './db/emergencies.ts'
import type { Clock } from './model/clock.ts'
import type { Notifier } from './notifiers/notifier.ts'

/** Pushover wants at least 5 s between two questions for the same. */
const ASK_EVERY_MS = 10_000
const ASK_WITHIN_MS = 15_000
/** After this no service knows of it any more. */
const FORGOTTEN_MS = 7 * 86_400_000
const LISTED = 100

export interface EmergencyOptions {
  emergencies: Emergencies
  clock: Clock
  /** null: none of that name is configured. */
  notifier(name: string): Notifier | null
  /** The store could not be written or read. */
  storeFailed(error: unknown): void
}

export function createEmergencyWatch({ emergencies, clock, notifier, storeFailed }: EmergencyOptions) {
  /** What takes the next round back; null: none is to come. */
  let cancelNext: (() => void) | null = null
  let stopped = false

  function watch() {
    if (!stopped) cancelNext ??= clock.after(ASK_EVERY_MS, () => void round())
  }

  /** One after the other, so that it takes one connection whatever rings. */
  async function round() {
    let more = true
    try {
      for (const emergency of emergencies.ringing()) if (!stopped) await look(emergency)
      more = !stopped && emergencies.ringing().length > 0
    } catch (error) {
      storeFailed(error)
    }
    cancelNext = null
    if (more) watch()
  }

  async function look({ id, notifier: name, receipt, since }: Emergency) {
    const ring = await notifier(name)?.rings?.ask(receipt, AbortSignal.timeout(ASK_WITHIN_MS))
    if (stopped) return
    const now = new Date(clock.now()).toISOString()
    if (ring?.state === 'acknowledged') emergencies.close(id, 'acknowledged', ring.by, ring.at)
    else if (ring?.state === 'expired') emergencies.close(id, 'expired', null, now)
    else if (clock.now() - Date.parse(since) > FORGOTTEN_MS) emergencies.close(id, 'lost', null, now)
  }

  return {
    /** Goes on with what an earlier run left. */
    resume: watch,

    /** It has begun to ring. */
    open(delivery: Delivery, receipt: string) {
      emergencies.open(delivery, receipt, new Date(clock.now()).toISOString())
      watch()
    },

    list: (): Emergency[] => emergencies.recent(LISTED),

    /** @returns of how many the service says that they ring no more */
    async cancel(ids: readonly number[]): Promise<number> {
      let count = 0
      for (const { id, notifier: name, receipt } of emergencies.ringing().filter(({ id }) => ids.includes(id))) {
        if (!(await notifier(name)?.rings?.cancel(receipt, AbortSignal.timeout(ASK_WITHIN_MS)))) continue
        emergencies.close(id, 'cancelled', null, new Date(clock.now()).toISOString())
        count += 1
      }
      return count
    },

    stop() {
      stopped = true
      cancelNext?.()
    },
  }
}

const body = {
  type: 'object',
  additionalProperties: false,
  required: ['ids'],
  properties: { ids: { type: 'array', items: { type: 'integer', minimum: 1 }, maxItems: 10_000 } },
} as const

export function registerEmergencies(
  app: FastifyInstance,
  watch: () => { list(): Emergency[]; cancel(ids: readonly number[]): Promise<number> },
) {
  app.get('/v1/emergencies', async () => ({ emergencies: watch().list() }))
  app.post<{ Body: { ids: number[] } }>('/v1/emergencies/cancel', { schema: { body } }, async (request) => ({
    count: await watch().cancel(request.body.ids),
  }))
}

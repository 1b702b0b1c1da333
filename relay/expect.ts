// What was announced is counted instead of told, until the announcement ends; then it is told how many came.
// It holds back successes alone: refusals, break-ins and whoever else comes are told as ever.
import type { FastifyInstance } from 'fastify'
import type { ExpectationTable } from './db/expectations.ts'
import { isNetwork } from './model/address.ts'
import type { Clock } from './model/clock.ts'
import { networkList } from './model/conditions.ts'
import { type EventRecord, TEST_SERVICE } from './model/event.ts'
import { type Announcement, type Expectation, LONGEST_MS } from './model/expectation.ts'
import { askerOf } from './model/facts.ts'
import type { Meaning } from './model/meaning.ts'
import type { Target } from './model/target.ts'

const END_AGAIN_MS = 5000

export interface ExpectationOptions {
  table: ExpectationTable
  clock: Clock
  /** Tells what is held under this key. */
  tell(key: string): void
  /** Runs in one transaction. */
  atomically(work: () => void): void
  /** The store could not be written. */
  storeFailed(error: unknown): void
}

interface Open {
  expectation: Expectation
  covers(record: EventRecord, meaning: Meaning): boolean
  cancel(): void
  /** On the monotonic clock. */
  endsAt: number
}

function coverage({ user, source }: Expectation): Open['covers'] {
  const within = networkList(source)
  return (record, meaning) => {
    const { address = null } = meaning.source ?? {}
    const comes = source.length === 0 || (address !== null && within(address))
    return comes && (user === null || user === meaning.user || user === askerOf(record, meaning.source))
  }
}

const keyOf = (id: number) => `expect ${id}`

export function createExpectations({ table, clock, tell, atomically, storeFailed }: ExpectationOptions) {
  const open = new Map<number, Open>()

  /** Counted on the monotonic clock; only what is left over a restart is taken from the wall clock. */
  function begin(expectation: Expectation) {
    const restMs = Math.min(Math.max(expectation.untilMs - clock.now(), 0), expectation.durationMs)
    open.set(expectation.id, {
      expectation,
      covers: coverage(expectation),
      endsAt: clock.monotonic() + restMs,
      cancel: clock.after(restMs, () => end(expectation.id)),
    })
  }

  function end(id: number) {
    const ending = open.get(id)
    if (ending === undefined) return
    try {
      atomically(() => {
        tell(keyOf(id))
        table.remove(id)
      })
      ending.cancel()
      open.delete(id)
    } catch (error) {
      storeFailed(error)
      open.set(id, { ...ending, cancel: clock.after(END_AGAIN_MS, () => end(id)) })
    }
  }

  return {
    /** Called in the transaction that routes the event; what it was to be told to is told later. */
    hold(targets: readonly Target[], record: EventRecord, meaning: Meaning): readonly Target[] {
      const { outcome, service } = record
      if (outcome !== 'success' || service === TEST_SERVICE || meaning.attack?.situation === 'break_in') return targets
      const found = [...open.values()].find(({ covers }) => covers(record, meaning))
      if (found === undefined || targets.length === 0) return targets
      const { id, reason } = found.expectation
      const held = reason === null ? 'expected' : `expected (${reason})`
      const group = { key: keyOf(id), intervalMs: Math.max(1, Math.ceil(found.endsAt - clock.monotonic())), held }
      table.count(id)
      return targets.map((target) => (target.group?.held == null ? { ...target, group } : target))
    },

    add({ user, source, reason, durationMs }: Announcement): number {
      const announced = { user, source, reason, durationMs, untilMs: clock.now() + durationMs }
      const id = table.add(announced)
      begin({ ...announced, id, held: 0 })
      return id
    },

    list: (): Expectation[] => table.all(),

    /** @returns whether there was such a one, and it has ended */
    end(id: number): boolean {
      const known = open.has(id)
      end(id)
      return known && !open.has(id)
    },

    /** Goes on with those that an earlier run left. */
    resume() {
      for (const expectation of table.all()) begin(expectation)
    },

    stop() {
      for (const { cancel } of open.values()) cancel()
      open.clear()
    },
  }
}

export type Expectations = ReturnType<typeof createExpectations>

const text = { type: ['string', 'null'], maxLength: 200, pattern: '^[^\\u0000-\\u001f\\u007f-\\u009f]+$' } as const
const announcement = {
  type: 'object',
  additionalProperties: false,
  required: ['user', 'source', 'reason', 'durationMs'],
  properties: {
    user: text,
    source: { type: 'array', items: { type: 'string', maxLength: 50 }, maxItems: 100 },
    reason: text,
    durationMs: { type: 'integer', minimum: 1000, maximum: LONGEST_MS },
  },
} as const
const which = {
  type: 'object',
  additionalProperties: false,
  required: ['id'],
  properties: { id: { type: 'integer', minimum: 1 } },
} as const

export function registerExpectations(app: FastifyInstance, expectations: () => Expectations) {
  app.get('/v1/expectations', async () => ({ expectations: expectations().list() }))
  app.post<{ Body: Announcement }>('/v1/expectations', { schema: { body: announcement } }, async ({ body }, reply) => {
    const wrong = body.source.find((network) => !isNetwork(network))
    if (wrong === undefined) return { id: expectations().add(body) }
    return reply.code(400).send({ error: 'no_network', message: `${wrong} is neither an address nor a network` })
  })
  app.post<{ Body: { id: number } }>('/v1/expectations/end', { schema: { body: which } }, async ({ body }) => ({
    ended: expectations().end(body.id),
  }))
}

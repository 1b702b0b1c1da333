import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import Fastify from 'fastify'
import { createEmergencies } from '../../relay/db/emergencies.ts'
import { createEmergencyWatch, registerEmergencies } from '../../relay/emergency.ts'
import type { Notifier } from '../../relay/notifiers/notifier.ts'
import { alertOf } from '../helpers/alerts.ts'
import { type ManualClock, manualClock } from '../helpers/clock.ts'
import { openTables } from '../helpers/database.ts'
import { attemptOf, reach } from '../helpers/notifiers.ts'
import { createPushoverApi } from '../helpers/pushover-api.ts'
import { onEnd } from '../helpers/temp.ts'

const ROUND_MS = 10_000

/** Pushover, and a relay's store; `advance` waits until what was asked is answered. */
async function machine(t: TestContext) {
  const { notifier, service } = await reach(t, 'pushover')
  const api = createPushoverApi()
  service.respond = api.respond
  const tables = openTables(t)
  const clock = manualClock()
  const emergencies = createEmergencies(tables.db)
  let configured: Notifier | null = notifier
  const begin = () => {
    const watch = createEmergencyWatch({
      emergencies,
      clock,
      notifier: () => configured,
      storeFailed: (error) => assert.fail(error as Error),
    })
    onEnd(t, watch.stop)
    watch.resume()
    return watch
  }
  /** An alert that rings. */
  async function ring(watch: ReturnType<typeof begin>) {
    const alert = { ...alertOf(), priority: 2 } as const
    tables.deliveries.add('phone', alert.record?.id ?? '', alert, clock.now())
    const delivery = tables.deliveries.next('phone', 0, 100).at(-1)
    const outcome = await notifier.send(alert, attemptOf())
    assert.ok(delivery && outcome.kind === 'delivered' && outcome.rings)
    watch.open(delivery, outcome.rings)
    return { ...delivery, receipt: outcome.rings }
  }
  const asked = () => service.received.filter(({ method }) => method === 'GET').length
  const use = (next: Notifier | null) => {
    configured = next
  }
  return { api, notifier, clock, emergencies, begin, ring, asked, use }
}

/** A round, and what comes of it over the network. */
async function round(clock: ManualClock, over: () => boolean) {
  await clock.advance(ROUND_MS)
  while (!over()) await new Promise((turn) => setImmediate(turn))
}

describe('an emergency', () => {
  test('is followed until somebody answers; who and when stays', async (t) => {
    const { api, clock, emergencies, begin, ring, asked } = await machine(t)
    const { id, receipt, alert } = await ring(begin())
    assert.deepEqual(
      [...(api.messages[0]?.entries() ?? [])].filter(([name]) => ['retry', 'expire'].includes(name)),
      [
        ['retry', '60'],
        ['expire', '3600'],
      ],
    )
    await round(clock, () => asked() === 1)
    assert.equal(emergencies.ringing().length, 1)
    Object.assign(api.emergencies.get(receipt) ?? {}, {
      acknowledgedAt: 1_796_083_200,
      by: 'u'.repeat(30),
      device: 'phone',
    })
    await round(clock, () => emergencies.ringing().length === 0)
    const seq = alert.record?.seq ?? 0
    assert.deepEqual(emergencies.between(seq, seq), [
      {
        id,
        notifier: 'phone',
        seq,
        receipt,
        text: alert.text,
        state: 'acknowledged',
        by: `phone of ${'u'.repeat(30)}`,
        since: '2026-11-20T14:38:36.000Z',
        until: '2026-12-01T00:00:00.000Z',
      },
    ])
    const before = asked()
    await clock.advance(10 * ROUND_MS)
    assert.equal(asked(), before)
  })

  test('goes on over a restart, a service that is silent, and a notifier that is gone for a while', async (t) => {
    const { notifier, clock, emergencies, begin, ring, asked, use } = await machine(t)
    const first = begin()
    await ring(first)
    first.stop()
    use(null)
    begin()
    await clock.advance(5 * ROUND_MS)
    assert.equal(asked(), 0)
    use({ ...notifier, rings: { ask: async () => null, cancel: async () => false } })
    await clock.advance(ROUND_MS)
    assert.equal(emergencies.ringing().length, 1)
    use({ ...notifier, rings: { ask: async () => ({ state: 'expired' }), cancel: async () => false } })
    await clock.advance(ROUND_MS)
    assert.equal(emergencies.recent(1)[0]?.state, 'expired')
  })

  test('of which the service says nothing for a week is given up', async (t) => {
    const { clock, emergencies, begin, ring, use } = await machine(t)
    await ring(begin())
    use(null)
    clock.setWall(clock.now() + 8 * 86_400_000)
    await clock.advance(ROUND_MS)
    assert.equal(emergencies.recent(1)[0]?.state, 'lost')
  })

  test('is listed, and cancelled where the operator wants it', async (t) => {
    const { api, begin, ring } = await machine(t)
    const watch = begin()
    const [one, two] = [await ring(watch), await ring(watch)]
    const app = Fastify()
    onEnd(t, () => void app.close())
    registerEmergencies(app, () => watch)
    const cancelled = await app.inject({
      method: 'POST',
      url: '/v1/emergencies/cancel',
      payload: { ids: [one.id, 999] },
    })
    assert.deepEqual(cancelled.json(), { count: 1 })
    assert.deepEqual(api.cancelled, [one.receipt])
    const { emergencies } = (await app.inject('/v1/emergencies')).json()
    assert.deepEqual(
      emergencies.map(({ id, state }: { id: number; state: string }) => [id, state]),
      [
        [two.id, 'ringing'],
        [one.id, 'cancelled'],
      ],
    )
  })
})

// What operations ask: GET /health and GET /metrics. Nothing that names a user or an address.
import type { FastifyInstance } from 'fastify'

export interface Health {
  /** ok: everything works. degraded: events are kept, but something needs a look. failing: events can't be stored. */
  status: 'ok' | 'degraded' | 'failing'
  version: string
  uptime_s: number
  /** Why the status isn't ok. */
  problems: string[]
  store: { events: number; last_error: string | null; since: string | null; gap: string | null }
  spool: { files: number; oldest_s: number | null; last_error: string | null }
  /** The logs that are read beside PAM, by path. */
  watch: Record<string, { last_error: string | null }>
  queue: Record<
    string,
    {
      pending: number
      oldest_s: number | null
      last_success: string | null
      last_error: string | null
      paused_until: string | null
      /** Until then its budget has room for nothing but what is urgent. */
      held_until: string | null
      /** What is left of its budgets, and of what its service allows. */
      budget: { per: string; messages: number; left: number; reset: string | null }[]
      dead: number
    }
  >
}

/** What is known of each part, in one judgement. */
export function judge(parts: Omit<Health, 'status' | 'problems'>, configProblems: readonly string[]): Health {
  const { store, spool, watch, queue } = parts
  const troubled = Object.entries(queue).filter(([, lane]) => lane.last_error !== null || lane.dead > 0)
  const problems = [
    ...(store.last_error === null ? [] : [`events cannot be stored: ${store.last_error}`]),
    ...(spool.last_error === null ? [] : [`the spool cannot be taken in: ${spool.last_error}`]),
    ...Object.entries(watch).flatMap(([name, { last_error }]) => (last_error ? [`log ${name}: ${last_error}`] : [])),
    ...configProblems,
    ...troubled.map(([name, lane]) => `notifier ${name}: ${lane.last_error ?? `${lane.dead} dead letters`}`),
  ]
  const status = store.last_error !== null ? 'failing' : problems.length > 0 ? 'degraded' : 'ok'
  return { status, problems, ...parts }
}

/** Prometheus text format 0.0.4. */
export function metrics(health: Health): string {
  const lines: string[] = []
  const metric = (name: string, type: string, help: string, samples: [labels: string, value: number][]) => {
    lines.push(`# HELP pam_alert_${name} ${help}`, `# TYPE pam_alert_${name} ${type}`)
    for (const [labels, value] of samples) lines.push(`pam_alert_${name}${labels} ${value}`)
  }
  const lanes = Object.entries(health.queue)
  const perNotifier = (value: (lane: Health['queue'][string]) => number): [string, number][] =>
    lanes.map(([name, lane]) => [`{notifier="${name}"}`, value(lane)])
  metric('up', 'gauge', '1 if events can be stored.', [['', health.status === 'failing' ? 0 : 1]])
  metric('uptime_seconds', 'gauge', 'Seconds since the relay was started.', [['', health.uptime_s]])
  metric('events_total', 'counter', 'Events ever stored on this host.', [['', health.store.events]])
  metric(
    'pending',
    'gauge',
    'Messages that wait for delivery.',
    perNotifier((lane) => lane.pending),
  )
  metric(
    'oldest_pending_seconds',
    'gauge',
    'Age of the oldest of them.',
    perNotifier((lane) => lane.oldest_s ?? 0),
  )
  metric(
    'dead',
    'gauge',
    'Messages in the dead letters.',
    perNotifier((lane) => lane.dead),
  )
  metric(
    'paused',
    'gauge',
    '1 if the notifier is paused.',
    perNotifier((lane) => (lane.paused_until === null ? 0 : 1)),
  )
  return `${lines.join('\n')}\n`
}

export function registerOps(app: FastifyInstance, health: () => Promise<Health>) {
  app.get('/health', async (_, reply) => {
    const now = await health()
    return reply.code(now.status === 'failing' ? 503 : 200).send(now)
  })
  app.get('/metrics', async (_, reply) => reply.type('text/plain; version=0.0.4').send(metrics(await health())))
}

/** The same on an address of the operator's choice, and nothing else there. */
export function createOpsListener(createApp: () => FastifyInstance, health: () => Promise<Health>) {
  let app: FastifyInstance | null = null

  async function stop() {
    await app?.close()
    app = null
  }

  return {
    stop,
    /** @throws what the system says of an address that can't be had */
    async listen(address: { host: string; port: number } | null) {
      await stop()
      if (address === null) return
      app = createApp()
      registerOps(app, health)
      await app.listen(address)
    },
  }
}

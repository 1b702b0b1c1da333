// Messages to send, one row each, from the moment an event is routed until it is history.
import type { Alert } from '../model/alert.ts'
import { type Database, derived, transaction } from './database.ts'

export interface Delivery {
  id: number
  notifier: string
  key: string
  alert: Alert
  attempts: number
  /** Parts of it that were taken, where it goes in parts. */
  part: number
  /** Wall clock in milliseconds; a hint from before a restart, never trusted for longer than a back-off. */
  notBefore: number
}

export interface DeliveryState {
  notifier: string
  state: 'pending' | 'delivered' | 'dead' | 'dropped'
  attempts: number
  count: number
  detail: string | null
  /** Of how many events the message speaks that took this one in; null: it is one of its own. */
  digest: number | null
}

export interface DeadLetter {
  id: number
  notifier: string
  text: string
  reason: string
  attempts: number
  /** RFC 3339, UTC. */
  since: string
}

const fromRow = (row: Record<string, unknown>): Delivery => ({
  id: Number(row.id),
  notifier: String(row.notifier),
  key: String(row.key),
  alert: JSON.parse(String(row.alert)),
  attempts: Number(row.attempts),
  part: Number(row.part),
  notBefore: Number(row.not_before_ms),
})

export function createDeliveries(db: Database) {
  const insert = db.prepare(
    `INSERT OR IGNORE INTO delivery (notifier, key, seq, count, alert, state, created_ms)
     VALUES (?, ?, ?, ?, ?, 'pending', ?)`,
  )
  const next = db.prepare(
    `SELECT id, notifier, key, alert, attempts, part, not_before_ms FROM delivery
     WHERE notifier = ? AND state = 'pending' AND id > ? ORDER BY id LIMIT ?`,
  )
  const begin = db.prepare('UPDATE delivery SET attempts = ?, part = ? WHERE id = ?')
  const finish = db.prepare(
    'UPDATE delivery SET state = ?, alert = ?, detail = ?, attempts = ?, done_ms = ? WHERE id = ?',
  )
  const postpone = db.prepare('UPDATE delivery SET attempts = ?, not_before_ms = ?, detail = ? WHERE id = ?')
  const ofEvent = db.prepare(
    `SELECT d.notifier, coalesce(f.state, d.state) AS state, coalesce(f.attempts, d.attempts) AS attempts, d.count,
       coalesce(f.detail, d.detail) AS detail, f.count AS digest
     FROM delivery d LEFT JOIN delivery f ON f.id = d.folded_into WHERE d.seq = ? ORDER BY d.id`,
  )
  const begun = db.prepare(
    `INSERT INTO delivery (notifier, key, count, state, created_ms)
     SELECT ?, ?, 0, 'pending', created_ms FROM delivery WHERE id = ?`,
  )
  const grow = db.prepare('UPDATE delivery SET alert = ?, count = ? WHERE id = ?')
  const fold = db.prepare(
    "UPDATE delivery SET state = 'folded', alert = NULL, folded_into = ?1 WHERE id = ?2 OR folded_into = ?2",
  )
  const dead = db.prepare("SELECT * FROM delivery WHERE state = 'dead' ORDER BY done_ms, id")
  const revive = db.prepare(
    `UPDATE delivery SET state = 'pending', not_before_ms = 0, done_ms = NULL
     WHERE id = ? AND state = 'dead' RETURNING *`,
  )
  const drop = db.prepare("UPDATE delivery SET state = 'dropped', alert = NULL WHERE id = ? AND state = 'dead'")
  const counts = db.prepare(
    // Each half has an index of its own, which holds nothing else.
    ['pending', 'dead']
      .map(
        (state) => `SELECT notifier, '${state}' AS state, count(*) AS n, min(created_ms) AS oldest_ms
         FROM delivery WHERE state = '${state}' GROUP BY notifier`,
      )
      .join(' UNION ALL '),
  )

  return {
    /** A key that is there already is left as it is: routing again after a crash adds nothing. */
    add(notifier: string, key: string, alert: Alert, now: number) {
      insert.run(notifier, key, alert.record?.seq ?? null, alert.count, JSON.stringify(alert), now)
    },

    /** Pending ones in the order they came, from behind the row `afterId`. */
    next: (notifier: string, afterId: number, limit: number): Delivery[] =>
      next.all(notifier, afterId, limit).map(fromRow),

    /** Notes an attempt before it is made, and what was taken before. */
    begin({ id, attempts, part }: Delivery) {
      begin.run(attempts + 1, part, id)
    },

    /**
     * Makes several that were never tried one: the digest among them, or else a new one.
     * @param alert what stands for all of them
     */
    fold: (rows: readonly [Delivery, ...Delivery[]], alert: Alert): Delivery =>
      transaction(db, () => {
        const [first] = rows
        const key = `${first.key}.digest`
        const fresh = () => Number(begun.run(first.notifier, key, first.id).lastInsertRowid)
        const digest = rows.find((row) => row.alert.folded !== undefined) ?? { ...first, id: fresh(), key }
        grow.run(JSON.stringify(alert), alert.count, digest.id)
        for (const { id } of rows) if (id !== digest.id) fold.run(digest.id, id)
        return { ...digest, alert }
      }),

    /** If a power cut takes this back, the message goes again, under the same key. */
    delivered(id: number, attempts: number, receipt: string | null, now: number) {
      derived(db, () => finish.run('delivered', null, receipt, attempts, now, id))
    },

    dead(delivery: Delivery, attempts: number, reason: string, now: number) {
      finish.run('dead', JSON.stringify(delivery.alert), reason, attempts, now, delivery.id)
    },

    postpone(id: number, attempts: number, notBefore: number, reason: string) {
      postpone.run(attempts, notBefore, reason, id)
    },

    deadLetters: (): DeadLetter[] =>
      dead.all().map((row) => ({
        id: Number(row.id),
        notifier: String(row.notifier),
        text: (JSON.parse(String(row.alert)) as Alert).text,
        reason: String(row.detail),
        attempts: Number(row.attempts),
        since: new Date(Number(row.done_ms)).toISOString(),
      })),

    /** Makes dead letters pending again; that they were tried stays true. */
    revive: (ids: readonly number[]): Delivery[] => ids.flatMap((id) => revive.all(id).map(fromRow)),

    /** Forgets their text; that there was a message, and why it is gone, stays. */
    drop: (ids: readonly number[]): number => ids.reduce((sum, id) => sum + Number(drop.run(id).changes), 0),

    ofEvent: (seq: number) => ofEvent.all(seq) as unknown as DeliveryState[],

    /** By notifier, what isn't delivered. */
    backlog(): Map<string, { pending: number; dead: number; oldestMs: number | null }> {
      const all = new Map<string, { pending: number; dead: number; oldestMs: number | null }>()
      for (const row of counts.all()) {
        const entry = all.get(String(row.notifier)) ?? {
          pending: 0,
          dead: 0,
          oldestMs: null,
        }
        if (row.state === 'pending')
          Object.assign(entry, {
            pending: Number(row.n),
            oldestMs: Number(row.oldest_ms),
          })
        else entry.dead = Number(row.n)
        all.set(String(row.notifier), entry)
      }
      return all
    },
  }
}

export type Deliveries = ReturnType<typeof createDeliveries>

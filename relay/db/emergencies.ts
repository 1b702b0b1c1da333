// Messages that ring until somebody answers, and who did.
import type { Database } from './database.ts'
import type { Delivery } from './deliveries.ts'

export interface Emergency {
  /** Of the delivery. */
  id: number
  notifier: string
  /** The event it is about; null: several, or none. */
  seq: number | null
  /** The service's name for it. */
  receipt: string
  text: string
  /** lost: the service says no more what became of it. */
  state: 'ringing' | 'acknowledged' | 'expired' | 'cancelled' | 'lost'
  /** Who answered. */
  by: string | null
  /** RFC 3339, UTC: since when it rings, and when that ended. */
  since: string
  until: string | null
}

const SELECT = `SELECT id, notifier, seq, receipt, text, state, answered_by AS "by", since, until FROM emergency`

export function createEmergencies(db: Database) {
  const open = db.prepare(
    `INSERT OR REPLACE INTO emergency (id, notifier, seq, receipt, text, state, since)
     VALUES (?, ?, ?, ?, ?, 'ringing', ?)`,
  )
  const close = db.prepare(
    "UPDATE emergency SET state = ?, answered_by = ?, until = ? WHERE id = ? AND state = 'ringing'",
  )
  const ringing = db.prepare(`${SELECT} WHERE state = 'ringing' ORDER BY id`)
  const recent = db.prepare(`${SELECT} ORDER BY id DESC LIMIT ?`)
  const between = db.prepare(`${SELECT} WHERE seq BETWEEN ? AND ? ORDER BY id`)
  const read = (rows: Record<string, unknown>[]) => rows.map((row) => ({ ...row })) as unknown as Emergency[]

  return {
    open({ id, notifier, alert }: Delivery, receipt: string, since: string) {
      open.run(id, notifier, alert.record?.seq ?? null, receipt, alert.text, since)
    },
    close(id: number, state: Exclude<Emergency['state'], 'ringing'>, by: string | null, until: string) {
      close.run(state, by, until, id)
    },
    ringing: (): Emergency[] => read(ringing.all()),
    /** The newest first. */
    recent: (limit: number): Emergency[] => read(recent.all(limit)),
    /** Of the events from the one to the other. */
    between: (first: number, last: number): Emergency[] => read(between.all(first, last)),
  }
}

export type Emergencies = ReturnType<typeof createEmergencies>

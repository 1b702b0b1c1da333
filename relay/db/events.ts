// Reading and writing events and their meaning. Whoever calls decides on transactions.
import type { EventRecord } from '../model/event.ts'
import type { Meaning } from '../model/meaning.ts'
import type { Database } from './database.ts'

export interface StoredEvent {
  record: EventRecord
  meaning: Meaning | null
}

export interface Origin {
  /** RFC 3339, UTC. */
  since: string
  reason: string | null
}

export interface EventFilter {
  afterSeq?: number
  user?: string
  source?: string
  service?: string
  outcome?: string
  /** RFC 3339, UTC. */
  since?: string
}

const FILTERS: Record<keyof EventFilter, string> = {
  afterSeq: 'm.seq > ?',
  user: 'm.user = ?',
  source: 'm.source = ?',
  service: 'm.service = ?',
  outcome: 'm.outcome = ?',
  since: 'm.time >= ?',
}

/** Filters that many events pass. */
const BROAD: ReadonlySet<string> = new Set(['service', 'outcome'])

function stored(row: Record<string, unknown>): StoredEvent {
  return {
    record: JSON.parse(String(row.record)),
    meaning: row.json === null ? null : JSON.parse(String(row.json)),
  }
}

export function createEvents(db: Database) {
  const insert = db.prepare('INSERT INTO event (seq, id, record, hash) VALUES (?, ?, ?, ?)')
  const seqById = db.prepare('SELECT seq FROM event WHERE id = ?')
  const last = db.prepare('SELECT seq, hash FROM event ORDER BY seq DESC LIMIT 1')
  const chain = db.prepare('SELECT seq, record, hash FROM event ORDER BY seq')
  const after = db.prepare('SELECT record FROM event WHERE seq > ? ORDER BY seq LIMIT ?')
  const one = db.prepare('SELECT record, json FROM event e LEFT JOIN meaning m USING (seq) WHERE seq = ?')
  const insertMeaning = db.prepare(
    'INSERT OR REPLACE INTO meaning (seq, time, service, type, outcome, user, source, json) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
  )
  const rename = db.prepare("UPDATE meaning SET user = ?, json = json_set(json, '$.user', ?) WHERE user = ?")
  const progress = db.prepare("SELECT seq FROM progress WHERE name = 'routed'")
  const advance = db.prepare("INSERT OR REPLACE INTO progress (name, seq) VALUES ('routed', ?)")

  const origin = db.prepare('SELECT since, reason FROM origin')
  const begin = db.prepare('INSERT INTO origin (since, reason) VALUES (?, ?)')
  const probe = db.prepare("INSERT OR REPLACE INTO progress (name, seq) VALUES ('probe', ?)")

  return {
    /** Since when there are events here, and what became of those before; null: nobody has said yet. */
    origin(): Origin | null {
      const row = origin.get()
      return row === undefined
        ? null
        : { since: String(row.since), reason: row.reason === null ? null : String(row.reason) }
    },
    begin: (since: string, reason: string | null) => void begin.run(since, reason),

    /** Writes something that says nothing, to see whether writing works. */
    probe: (n: number) => void probe.run(n),

    /** The end of the chain; null if nothing was ever stored. */
    head(): { seq: number; hash: Uint8Array } | null {
      const row = last.get()
      return row === undefined ? null : { seq: Number(row.seq), hash: row.hash as Uint8Array }
    },

    /** Every event with its hash, in order; one at a time. */
    *chain(): Generator<{ seq: number; record: string; hash: Uint8Array }> {
      for (const row of chain.iterate())
        yield { seq: Number(row.seq), record: String(row.record), hash: row.hash as Uint8Array }
    },

    seqOf(id: string): number | null {
      const row = seqById.get(id)
      return row === undefined ? null : Number(row.seq)
    },

    insert(seq: number, id: string, record: string, hash: Uint8Array) {
      insert.run(seq, id, record, hash)
    },

    routed: () => Number(progress.get()?.seq ?? 0),
    setRouted: (seq: number) => void advance.run(seq),

    /** Records in order, so that routing goes on where it stopped. */
    after: (seq: number, limit: number): EventRecord[] =>
      after.all(seq, limit).map((row) => JSON.parse(String(row.record))),

    get(seq: number): StoredEvent | null {
      const row = one.get(seq)
      return row === undefined ? null : stored(row)
    },

    annotate({ seq, time, service, type, outcome }: EventRecord, meaning: Meaning) {
      const source = meaning.source?.address ?? meaning.source?.name ?? null
      insertMeaning.run(seq, time, service, type, outcome, meaning.user, source, JSON.stringify(meaning))
    },

    /** A user turned out to have this name. */
    rename: (token: string, name: string) => void rename.run(name, name, token),

    /** The newest `limit` that match, oldest first; with afterSeq the oldest `limit` behind it. */
    find(filter: EventFilter, limit: number): StoredEvent[] {
      const given = (Object.keys(FILTERS) as (keyof EventFilter)[]).filter((name) => filter[name] !== undefined)
      const forward = filter.afterSeq !== undefined
      const byTime = filter.since !== undefined && !forward
      // A + takes its index away: half of all events may have this outcome, and time says more.
      const conditions = given.map((name) => `${byTime && BROAD.has(name) ? '+' : ''}${FILTERS[name]}`)
      const where = given.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`
      const order = forward ? 'm.seq ASC' : byTime ? 'm.time DESC, m.seq DESC' : 'm.seq DESC'
      const rows = db
        .prepare(`SELECT e.record, m.json FROM meaning m JOIN event e USING (seq) ${where} ORDER BY ${order} LIMIT ?`)
        .all(...given.map((name) => filter[name] as string | number), limit)
        .map(stored)
      return forward ? rows : rows.reverse()
    },
  }
}

export type Events = ReturnType<typeof createEvents>

// Taking the oldest events away, and remembering where the chain was cut. Whoever calls decides on transactions.
import type { Database } from './database.ts'

export interface Cut {
  /** The last event that went. */
  seq: number
  /** What the chain had come to there. */
  hash: Uint8Array
  /** RFC 3339, UTC: when it went. */
  time: string
  /** The host's, base64. */
  signature: string
}

function cutFrom(row: Record<string, unknown>): Cut {
  return {
    seq: Number(row.seq),
    hash: row.hash as Uint8Array,
    time: String(row.time),
    signature: String(row.signature),
  }
}

/** Nobody will ask for it: it is through, or the one that took it in is. */
const DONE = `(state IN ('delivered', 'dropped') OR state = 'folded'
  AND (SELECT state FROM delivery whole WHERE whole.id = delivery.folded_into) IN ('delivered', 'dropped'))`

export function createPruning(db: Database) {
  const oldest = db.prepare("SELECT seq, hash, json_extract(record, '$.time') AS time FROM event ORDER BY seq LIMIT ?")
  const newest = db.prepare('SELECT seq FROM event ORDER BY seq DESC LIMIT 1')
  const routed = db.prepare("SELECT seq FROM progress WHERE name = 'routed'")
  const grouped = db.prepare('SELECT min(last_seq) AS seq FROM grouped')
  const removals = [
    'DELETE FROM meaning WHERE seq <= ?',
    'DELETE FROM event WHERE seq <= ?',
    "DELETE FROM emergency WHERE seq <= ? AND state <> 'ringing'",
    `DELETE FROM delivery WHERE seq <= ? AND ${DONE}`,
  ].map((sql) => db.prepare(sql))
  const removeNotices = db.prepare(
    `DELETE FROM delivery WHERE seq IS NULL AND state IN ('delivered', 'dropped') AND done_ms < ?
       AND NOT EXISTS (SELECT 1 FROM delivery folded WHERE folded.folded_into = delivery.id)`,
  )
  const removeEmergencies = db.prepare('DELETE FROM emergency WHERE seq IS NULL AND until < ?')
  const cuts = db.prepare('SELECT * FROM cut ORDER BY seq DESC')
  const forgetCut = db.prepare('DELETE FROM cut WHERE substr(time, 1, 10) = ?')
  const addCut = db.prepare('INSERT INTO cut (seq, hash, time, signature) VALUES (?, ?, ?, ?)')
  const pragma = (name: string) => Number(Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0])

  return {
    oldest: (limit: number) =>
      oldest
        .all(limit)
        .map(({ seq, hash, time }) => ({ seq: Number(seq), hash: hash as Uint8Array, time: String(time) })),

    newest: () => Number(newest.get()?.seq ?? 0),

    /** Up to here nothing is needed any more: it is routed, no group speaks of it, and the head of the chain stays. */
    free(): number {
      const open = grouped.get()?.seq
      const needed = open == null ? Number.POSITIVE_INFINITY : Number(open)
      return Math.min(Number(routed.get()?.seq ?? 0), needed - 1, Number(newest.get()?.seq ?? 0) - 1)
    },

    /** Bytes that hold something. */
    usedBytes: () => (pragma('page_count') - pragma('freelist_count')) * pragma('page_size'),

    /** Messages that wait, and dead letters, stay. One cut a day is remembered. */
    remove(cut: Cut) {
      for (const removal of removals) removal.run(cut.seq)
      forgetCut.run(cut.time.slice(0, 10))
      addCut.run(cut.seq, cut.hash, cut.time, cut.signature)
    },

    removeNotices(beforeMs: number) {
      removeNotices.run(beforeMs)
      removeEmergencies.run(new Date(beforeMs).toISOString())
    },

    /** Gives pages that hold nothing back to the disk. */
    shrink(pages: number) {
      if (pragma('freelist_count') > pages) db.exec(`PRAGMA incremental_vacuum(${pages})`)
    },

    /** The latest first. */
    cuts: (): Cut[] => cuts.all().map(cutFrom),
  }
}

export type Pruning = ReturnType<typeof createPruning>

// What the relay knows when it meets an event, from all who know a part of it, and what it learns from one.
import type { Seen } from '../db/seen.ts'
import type { Sessions } from '../db/sessions.ts'
import type { EventRecord } from '../model/event.ts'
import { askerOf, type Facts, factsOf, teaches } from '../model/facts.ts'
import type { First, Meaning, Place, Session, Standing } from '../model/meaning.ts'

/** What the relay knows when it meets an event. Asking changes nothing. */
export interface Knowledge {
  /** Whose token this is, if it turned out to be a user's. */
  nameOf(token: string): string | null
  /** Which of these were never seen in a login that succeeded. */
  unseen(facts: Facts): First[]
  /** The session that it closes. */
  closedBy(record: EventRecord): Session | null
  standing(user: string): Standing
  /** What this user's key is called. */
  keyName(user: string, fingerprint: string): string | null
  place(address: string): Place | null
}

/** @param parts the tables, and whoever knows of accounts, keys and places */
export function createKnowledge({
  seen,
  sessions,
  ...others
}: { seen: Seen; sessions: Sessions } & Pick<Knowledge, 'nameOf' | 'standing' | 'keyName' | 'place'>) {
  return {
    ...others,
    unseen: seen.unseen,
    closedBy: sessions.closedBy,

    /** Called once for each event, after it was asked about, in the transaction that routes it. */
    learn(record: EventRecord, meaning: Meaning) {
      if (meaning.tells !== 0) sessions.note(record, askerOf(record, meaning.source))
      const facts = meaning.first.length > 0 && teaches(record) ? factsOf(record, meaning) : null
      if (facts !== null) seen.learn(facts, record.seq)
    },
  }
}

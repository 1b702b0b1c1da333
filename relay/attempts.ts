// What a source did before: a refusal that is one of many, and the success that follows them. It judges by
// the times of the events alone, so that a log that is replayed gives what happened then.
import type { AttemptTable } from './db/attempts.ts'
import { countedSource } from './model/address.ts'
import type { EventRecord } from './model/event.ts'
import { timesOf } from './model/kind.ts'
import type { Attack, Meaning } from './model/meaning.ts'
import { withValue } from './model/tally.ts'

/** From so many refusals on a person's slips are an attack. */
export const MANY = 5
/** After such a silence they begin anew. */
const APART_MS = 12 * 3_600_000

/** Whose refusals are counted together: a source's, or on the machine itself those of who asked. */
function originOf({ user, ruser }: EventRecord, { source }: Meaning): string {
  if (source === null) return `local ${ruser || user}`
  return source.address === null ? `name ${source.name}` : countedSource(source.address)
}

export function createAttemptCount(table: AttemptTable) {
  function attackOf(record: EventRecord, meaning: Meaning): Attack | null {
    const origin = originOf(record, meaning)
    const time = Date.parse(record.time)
    const known = table.get(origin)
    const before = known !== null && Math.abs(time - known.lastMs) <= APART_MS ? known : null
    if (record.outcome === 'failure') {
      const { failures, users, since } = before ?? table.none(record.time)
      const now = {
        failures: failures + timesOf(record, meaning),
        users: withValue(users, meaning.user),
        since,
        lastMs: time,
      }
      table.put(origin, now)
      if (known === null) table.prune(time - APART_MS)
      return now.failures < MANY ? null : about('brute_force', now)
    }
    if (record.type !== 'open_session' || before === null || before.failures < MANY) return null
    // Told once: the next success is measured by what comes after this one.
    table.remove(origin)
    return about('break_in', before)
  }

  function about(situation: Attack['situation'], { failures, users, since }: ReturnType<AttemptTable['none']>): Attack {
    return { situation, failures, users: users.marks.length, more: users.more, since }
  }

  return {
    /** Called once for each event, in order, in the transaction that routes it. */
    count: (record: EventRecord, meaning: Meaning): Meaning => ({ ...meaning, attack: attackOf(record, meaning) }),
  }
}

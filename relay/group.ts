// The first of a group leaves at once, the repeats are counted and leave as one message, ever more rarely
// while it goes on; what is unlike the others breaks out. Held counts are rows, so that a restart loses none.

import type { StoredEvent } from './db/events.ts'
import type { Group, Groups } from './db/groups.ts'
import { type Alert, alertFor, alertForMore, noticeAlert, type Priority } from './model/alert.ts'
import type { Clock } from './model/clock.ts'
import type { EventRecord } from './model/event.ts'
import { kindOf, sourceOf } from './model/kind.ts'
import type { Meaning } from './model/meaning.ts'
import { countOf, holds, NONE, tallied, withValue } from './model/tally.ts'
import type { Target, TargetGroup } from './model/target.ts'

/** When the store could not be written. */
const CLOSE_AGAIN_MS = 5000
/** Each message of a group makes the next wait so much longer, but for no more than a day. */
const GROWTH = 4
const LONGEST_MS = 86_400_000

export interface GroupingOptions {
  groups: Groups
  clock: Clock
  /** Looks an event up again for the message that speaks of it. */
  event(seq: number): StoredEvent | null
  /** Runs in one transaction. */
  atomically(work: () => void): void
  /** The store could not be written. */
  storeFailed(error: unknown): void
  /** The key names this message for good: the same whenever it is made again. */
  send(notifier: string, key: string, alert: Alert): void
}

/** An event that has this in common with none of its group is news: another kind of thing, or another one let in. */
function traitOf(record: EventRecord, meaning: Meaning): string {
  const kind = kindOf(record, meaning)
  return kind === 'login' || kind === 'change'
    ? JSON.stringify([kind, meaning.user, record.ruser, sourceOf(meaning), meaning.key?.fingerprint])
    : kind
}

const louder = (priority: Priority) => Math.max(priority, Math.min(priority + 1, 1)) as Priority

const intervalOf = ({ intervalMs, level }: Group) =>
  Math.min(intervalMs * GROWTH ** level, Math.max(intervalMs, LONGEST_MS))

export function createGrouping({ groups, clock, event, atomically, storeFailed, send }: GroupingOptions) {
  const timers = new Map<string, () => void>()
  const nameOf = ({ notifier, key }: Group) => `${notifier} ${key}`
  const messageKey = (record: EventRecord, notifier: string) => `${record.id}.${notifier}`

  /**
   * Counted on the monotonic clock; only what is left over a restart is taken from the wall clock.
   * A long wait is made in steps: if nothing came during the last one, what is held need not wait on.
   */
  function arm(group: Group, restMs: number) {
    const name = nameOf(group)
    const stepMs = group.level > 0 && !group.cooling ? Math.min(restMs, intervalOf(group) / GROWTH) : restMs
    timers.get(name)?.()
    timers.set(
      name,
      clock.after(stepMs, () => {
        timers.delete(name)
        try {
          atomically(() => look(group, restMs - stepMs))
        } catch (error) {
          storeFailed(error)
          arm(group, CLOSE_AGAIN_MS)
        }
      }),
    )
  }

  /** @param before the group as it was when the timer was set */
  function look(before: Group, restMs: number) {
    const group = groups.get(before.notifier, before.key)
    if (group === null) return
    if (group.tally !== null && (restMs <= 0 || group.lastSeq === before.lastSeq)) tell(group)
    else if (restMs > 0) arm(group, restMs)
    else if (group.cooling) groups.remove(group)
    else keep({ ...group, cooling: true }, intervalOf(group) * (GROWTH - 1))
  }

  function keep(group: Group, restMs: number) {
    groups.put({ ...group, dueMs: clock.now() + restMs })
    arm(group, restMs)
  }

  function tell(group: Group) {
    const { notifier, key, tally, why, priority, lastSeq } = group
    if (tally === null) return
    const last = event(lastSeq)
    // A history that is kept for a shorter time than the group goes on: what is left is how many there were.
    if (last?.meaning == null) {
      const text = `${countOf(tally)} more events since ${tally.since}, the last of them event ${lastSeq}`
      send(notifier, `${lastSeq}.${notifier}`, noticeAlert(text, new Date(clock.now()).toISOString(), countOf(tally)))
    } else {
      const { record, meaning } = last
      const how = { priority, group: key }
      const alone = why === null && countOf(tally) === 1
      const alert = alone ? alertFor(record, meaning, how) : alertForMore(tally, { record, meaning }, how, why)
      send(notifier, messageKey(record, notifier), alert)
    }
    if (why === null) {
      const next = { ...group, tally: null, level: group.level + 1, cooling: false }
      keep(next, intervalOf(next))
    } else {
      timers.get(nameOf(group))?.()
      groups.remove(group)
    }
  }

  function begin(wanted: TargetGroup, { notifier, priority }: Target, record: EventRecord, meaning: Meaning) {
    const group: Group = {
      notifier,
      key: wanted.key,
      why: wanted.held,
      tally: wanted.held === null ? null : tallied(null, record, meaning),
      seen: withValue(NONE, traitOf(record, meaning)),
      lastSeq: record.seq,
      priority,
      intervalMs: wanted.intervalMs,
      level: 0,
      cooling: false,
      dueMs: 0,
    }
    keep(group, wanted.intervalMs)
  }

  return {
    /** Called in the transaction that routes the event. */
    take(target: Target, record: EventRecord, meaning: Meaning) {
      const { notifier, priority, group: wanted } = target
      const open = wanted === null ? null : groups.get(notifier, wanted.key)
      if (open === null) {
        if (wanted !== null) begin(wanted, target, record, meaning)
        if (wanted?.held == null)
          send(
            notifier,
            messageKey(record, notifier),
            alertFor(record, meaning, { priority, group: wanted?.key ?? null }),
          )
        return
      }
      const trait = traitOf(record, meaning)
      if (open.why === null && !holds(open.seen, trait)) {
        groups.put({ ...open, seen: withValue(open.seen, trait) })
        // No later message of the group may take its place on the screen.
        const how = { priority: louder(priority), group: null }
        send(notifier, messageKey(record, notifier), alertFor(record, meaning, how))
        return
      }
      const group = { ...open, tally: tallied(open.tally, record, meaning), lastSeq: record.seq }
      if (group.cooling) tell(group)
      else groups.put(group)
    },

    /** Tells now what is held under this key, of all notifiers. */
    end(key: string) {
      for (const group of groups.ofKey(key)) tell(group)
    },

    /** Sets the timers of the groups that an earlier run left open. */
    resume() {
      for (const group of groups.all()) {
        const longest = group.cooling ? intervalOf(group) * (GROWTH - 1) : intervalOf(group)
        arm(group, Math.min(Math.max(group.dueMs - clock.now(), 0), longest))
      }
    },

    stop() {
      for (const cancel of timers.values()) cancel()
      timers.clear()
    },
  }
}

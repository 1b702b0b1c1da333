// The first of a group leaves at once, the repeats are counted and leave as one message per interval.
// Held counts are rows, so that a restart loses none.

import type { StoredEvent } from './db/events.ts'
import type { Group, Groups } from './db/groups.ts'
import { type Alert, alertFor, alertForMore } from './model/alert.ts'
import type { Clock } from './model/clock.ts'
import type { EventRecord } from './model/event.ts'
import type { Meaning } from './model/meaning.ts'
import type { Target } from './model/target.ts'

/** When the store could not be written. */
const CLOSE_AGAIN_MS = 5000

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

export function createGrouping({ groups, clock, event, atomically, storeFailed, send }: GroupingOptions) {
  const timers = new Map<string, () => void>()
  const nameOf = ({ notifier, key }: Group) => `${notifier} ${key}`
  const messageKey = (record: EventRecord, notifier: string) => `${record.id}.${notifier}`

  /** Counted on the monotonic clock; only what is left over a restart is taken from the wall clock. */
  function arm(group: Group, delayMs: number) {
    const name = nameOf(group)
    timers.get(name)?.()
    timers.set(
      name,
      clock.after(delayMs, () => {
        timers.delete(name)
        try {
          atomically(() => close(group.notifier, group.key))
        } catch (error) {
          storeFailed(error)
          arm(group, CLOSE_AGAIN_MS)
        }
      }),
    )
  }

  function close(notifier: string, key: string) {
    const group = groups.get(notifier, key)
    if (group === null) return
    const last = group.held > 0 ? event(group.lastSeq) : null
    if (last?.meaning == null) {
      groups.remove(group)
      return
    }
    send(
      notifier,
      messageKey(last.record, notifier),
      alertForMore(group.held, last.record, last.meaning, { priority: group.priority, group: key }),
    )
    const next = { ...group, held: 0, dueMs: clock.now() + group.intervalMs }
    groups.put(next)
    arm(next, group.intervalMs)
  }

  return {
    /** Called in the transaction that routes the event. */
    take({ notifier, priority, group: wanted }: Target, record: EventRecord, meaning: Meaning) {
      const open = wanted === null ? null : groups.get(notifier, wanted.key)
      if (open !== null) {
        groups.put({ ...open, held: open.held + 1, lastSeq: record.seq })
        return
      }
      send(notifier, messageKey(record, notifier), alertFor(record, meaning, { priority, group: wanted?.key ?? null }))
      if (wanted === null) return
      const { key, intervalMs } = wanted
      const group = {
        notifier,
        key,
        held: 0,
        lastSeq: record.seq,
        priority,
        intervalMs,
        dueMs: clock.now() + intervalMs,
      }
      groups.put(group)
      arm(group, intervalMs)
    },

    /** Sets the timers of the groups that an earlier run left open. */
    resume() {
      for (const group of groups.all()) arm(group, Math.min(Math.max(group.dueMs - clock.now(), 0), group.intervalMs))
    },

    stop() {
      for (const cancel of timers.values()) cancel()
      timers.clear()
    },
  }
}

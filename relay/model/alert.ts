// What a notifier is given: one event, or several as one, in words that were rendered once for all notifiers.
import type { EventRecord } from './event.ts'
import { timesOf } from './kind.ts'
import type { Meaning } from './meaning.ts'
import { countOf, type Tally, wordsForMore } from './tally.ts'
import { type Words, words } from './words.ts'

/** Pushover's scale: -2 is kept without a sound, 0 is usual, 1 rings at night, 2 rings until somebody answers. */
export type Priority = -2 | -1 | 0 | 1 | 2

/** How far the chain over all events had come when the alert was made; the host's signature over it. */
export interface ChainHead {
  seq: number
  /** SHA-256, hexadecimal. */
  hash: string
  /** Ed25519, base64. */
  signature: string
}

export interface Alert extends Words {
  /** How many events it stands for. */
  count: number
  /** The event it is about; the last one if there are several. null: the relay speaks of itself. */
  record: EventRecord | null
  meaning: Meaning | null
  priority: Priority
  /** Alerts with the same one speak of the same thing: a service that can replaces the earlier. null: of its own. */
  group: string | null
  /** RFC 3339, UTC. */
  time: string
  /** Of an alert for several events: what they were. */
  tally?: Tally
  /** Of an alert in which others were folded together: how many alerts they were. */
  folded?: number
  /** Of such an alert: the last login among them, in its words. Absent if there is none. */
  login?: string
  /** Each receiver is a witness. Absent only where the store could not be asked. */
  chain?: ChainHead
}

/** How it is to be told, whatever it says. */
export type How = Pick<Alert, 'priority' | 'group'>
const USUAL: How = { priority: 0, group: null }

/** The alert for one event. */
export function alertFor(record: EventRecord, meaning: Meaning, how: How = USUAL): Alert {
  const { title, text } = words(record, meaning)
  const count = timesOf(record, meaning)
  const times = count > 1 ? `, ${count} times` : ''
  return { title: title + times, text: text + times, ...how, count, record, meaning, time: record.time }
}

/**
 * The alert for events that were counted.
 * @param last the last of them
 * @param why not even the first of them was told; null: it was
 */
export function alertForMore(
  tally: Tally,
  { record, meaning }: { record: EventRecord; meaning: Meaning },
  how: How = USUAL,
  why: string | null = null,
): Alert {
  return {
    ...wordsForMore(tally, record, meaning, why),
    ...how,
    count: countOf(tally),
    tally,
    record,
    meaning,
    time: record.time,
  }
}

/** The relay speaks of itself. @param count of events that it speaks for, if that is all that is left of them */
export function noticeAlert(text: string, time: string, count = 0): Alert {
  return { ...USUAL, title: 'pam-alert', text, count, record: null, meaning: null, time }
}

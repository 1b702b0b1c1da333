// What a notifier is given: one event or several, in words that were rendered once for all notifiers.
import type { EventRecord } from './event.ts'
import type { Meaning } from './meaning.ts'
import { words } from './words.ts'

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

export interface Alert {
  /** One line for a lock screen or a push title. */
  title: string
  /** One line that says all of it. */
  text: string
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
  /** Each receiver is a witness. Absent only where the store could not be asked. */
  chain?: ChainHead
}

/** How it is to be told, whatever it says. */
export type How = Pick<Alert, 'priority' | 'group'>
const USUAL: How = { priority: 0, group: null }

/** The alert for one event. */
export function alertFor(record: EventRecord, meaning: Meaning, how: How = USUAL): Alert {
  return {
    ...words(record, meaning),
    ...how,
    count: 1,
    record,
    meaning,
    time: record.time,
  }
}

/** The alert for `count` events that were held back because the first of their kind had been told. */
export function alertForMore(count: number, last: EventRecord, meaning: Meaning, how: How = USUAL): Alert {
  const { title, text } = words(last, meaning)
  return {
    title: `${count} more: ${title}`,
    text: `${count} more; the last: ${text}`,
    ...how,
    count,
    record: last,
    meaning,
    time: last.time,
  }
}

/** The relay speaks of itself. */
export function noticeAlert(text: string, time: string): Alert {
  return { ...USUAL, title: 'pam-alert', text, count: 0, record: null, meaning: null, time }
}

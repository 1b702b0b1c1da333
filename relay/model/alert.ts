// What a person reads: an event and its meaning in words, rendered once for all notifiers.
import { type EventRecord, TEST_SERVICE } from './event.ts'
import { askerOf } from './facts.ts'
import type { Meaning } from './meaning.ts'

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

/** Who and where, before and after the host's name. */
function parts(record: EventRecord, meaning: Meaning) {
  const user = record.user ?? 'someone'
  const host = record.host.name
  const where = record.service === '' ? host : `${host} (${record.service})`
  const { source, key, method } = meaning
  const from = source === null ? '' : ` from ${source.name ?? source.address}`
  const on = source === null && record.tty ? ` on ${record.tty}` : ''
  const by = key ? ` with key ${key.name ?? key.fingerprint}` : method === 'password' ? ' with a password' : ''
  const asker = askerOf(record, source)
  return { user, host, where, from: from || on, by, asker }
}

function words(record: EventRecord, meaning: Meaning): { title: string; text: string } {
  const { user, host, where, from, by, asker } = parts(record, meaning)
  const title = (what: string) => `${host}: ${what}`
  if (record.service === TEST_SERVICE)
    return {
      title: title('test alert'),
      text: `test alert from ${host}: logins here will look like this`,
    }
  switch (record.type) {
    case 'auth':
      return asker !== null
        ? {
            title: title(`${asker} refused as ${user}`),
            text: `${asker}: password for ${user} refused on ${where}${from}`,
          }
        : {
            title: title(`${user} refused`),
            text: `${user}: password refused on ${where}${from}`,
          }
    case 'account':
      return {
        title: title(`${user} locked out`),
        text: `${user}: account expired or locked on ${where}${from}`,
      }
    case 'password':
      return {
        title: title(`${user}: new password`),
        text: `${user}: password changed on ${where}${from}`,
      }
    case 'open_session':
      return asker !== null
        ? {
            title: title(`${asker} became ${user}`),
            text: `${asker} became ${user} on ${where}${from}`,
          }
        : {
            title: title(`${user} logged in`),
            text: `${user} logged in to ${where}${from}${by}`,
          }
    case 'close_session':
      return {
        title: title(`${user} logged out`),
        text: `${user} logged out of ${where}${from}`,
      }
  }
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

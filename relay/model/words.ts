// What a person reads: one event and its meaning, as a title and as a sentence.
import { type EventRecord, TEST_SERVICE } from './event.ts'
import { askerOf } from './facts.ts'
import type { Meaning } from './meaning.ts'
import { userInWords } from './names.ts'
import { spanInWords } from './quantity.ts'
import { clockTime, plural, shorten } from './text.ts'

/** More is cut off on a lock screen. */
const TITLE_MAX = 40

/** 192.0.2.7 (DE, Example Net) */
function sourceInWords({ source, place }: Meaning): string | null {
  if (source === null) return null
  const where = [place?.country, place?.network].filter((part) => part != null).join(', ')
  return `${source.name ?? source.address}${where === '' ? '' : ` (${where})`}`
}

/** What a person should notice of what is new; a new address in a known network is nothing. */
function newsInWords({ first, source }: Meaning): string {
  if (first.includes('user')) return ', for the first time'
  const news = [
    first.includes('network') ? 'from this network' : null,
    first.includes('source') && source?.address === null ? 'from there' : null,
    first.includes('key') ? 'with this key' : null,
    first.includes('method') ? 'this way' : null,
    first.includes('service') ? 'by this service' : null,
  ].filter((part) => part !== null)
  return news.length === 0 ? '' : `, first time ${news.slice(0, 2).join(' and ')}`
}

/** (3 h 12 min, 2 × sudo) */
function sessionInWords({ session }: Meaning): string {
  if (session === null) return ''
  const inside = Object.entries(session.inside).map(([service, count]) => `${count} × ${service}`)
  return ` (${[spanInWords(session.seconds), ...inside].join(', ')})`
}

/** Who and where, before and after the host's name. */
function parts(record: EventRecord, meaning: Meaning) {
  const user = userInWords(meaning.user)
  const host = record.log?.host ?? record.host.name
  const where = record.service === '' ? host : `${host} (${record.service})`
  const { source, key, method } = meaning
  const origin = sourceInWords(meaning)
  const from = origin === null ? '' : ` from ${origin}`
  const on = source === null && record.tty ? ` on ${record.tty}` : ''
  const by = key ? ` with key ${key.name ?? key.fingerprint}` : method === 'password' ? ' with a password' : ''
  const asker = askerOf(record, source)
  return { user, host, where, from: from || on, by, asker }
}

export interface Words {
  /** One line for a lock screen or a push title. */
  title: string
  /** One line that says all of it. */
  text: string
}

/** What went before belongs to what happened now. */
export function words(record: EventRecord, meaning: Meaning): Words {
  const { title, text } = wordsOf(record, meaning)
  const { attack } = meaning
  if (attack === null) return { title, text }
  const since = clockTime(attack.since, record.time)
  if (attack.situation === 'brute_force') return { title, text: `${text}; ${attack.failures} since ${since}` }
  const { user, asker, host } = parts(record, meaning)
  const gotIn = asker === null ? `${user} got in` : `${asker} became ${user}`
  const users = attack.more ? `more than ${attack.users} users` : plural(attack.users, 'user')
  return {
    title: shorten(`${host}: ${gotIn} after ${plural(attack.failures, 'failure')}`, TITLE_MAX),
    text: `${text}, after ${plural(attack.failures, 'refused login')} for ${users} since ${since}`,
  }
}

function wordsOf(record: EventRecord, meaning: Meaning): Words {
  const { user, host, where, from, by, asker } = parts(record, meaning)
  const title = (what: string) => shorten(`${host}: ${what}`, TITLE_MAX)
  const news = newsInWords(meaning)
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
            text: `${user}: ${record.log?.what ?? 'password refused'} on ${where}${from}`,
          }
    case 'account':
      return {
        title: title(`${user} locked out`),
        text: `${user}: ${record.log?.what ?? 'account expired or locked'} on ${where}${from}`,
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
            text: `${asker} became ${user} on ${where}${from}${news}`,
          }
        : {
            title: title(`${user} logged in`),
            text: `${user} logged in to ${where}${from}${by}${news}`,
          }
    case 'close_session':
      return {
        title: title(`${user} logged out`),
        text: `${user} logged out of ${where}${from}${sessionInWords(meaning)}`,
      }
    case 'log': {
      const { rule = '', what = '' } = record.log ?? {}
      return { title: title(rule), text: `${rule} on ${where}${from}: ${what}` }
    }
  }
}

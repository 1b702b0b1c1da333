// Several events as one: counted by what they were, for how many users, from how many sources. It takes
// little room however many there are, and says so where it stopped telling values apart.
import { createHash } from 'node:crypto'
import type { EventRecord } from './event.ts'
import { askerOf } from './facts.ts'
import { type Kind, kindOf, sourceOf, timesOf } from './kind.ts'
import type { Meaning } from './meaning.ts'
import { userInWords } from './names.ts'
import { spanInWords } from './quantity.ts'
import { clockTime, plural } from './text.ts'
import type { Words } from './words.ts'

/** Distinct values, by a digest of each: names can be long, and secret. */
export interface Distinct {
  marks: readonly string[]
  /** There were others, for which there was no room. */
  more: boolean
}

const MARKS_MAX = 100

export const NONE: Distinct = { marks: [], more: false }

const markOf = (value: string) => createHash('sha256').update(value).digest('base64url').slice(0, 10)

export const holds = ({ marks }: Distinct, value: string) => marks.includes(markOf(value))

export function withValue(distinct: Distinct, value: string | null): Distinct {
  if (value === null || holds(distinct, value)) return distinct
  if (distinct.marks.length === MARKS_MAX) return { ...distinct, more: true }
  return { ...distinct, marks: [...distinct.marks, markOf(value)] }
}

export interface Tally {
  counts: Readonly<Partial<Record<Kind, number>>>
  users: Distinct
  sources: Distinct
  /** RFC 3339, UTC: the first of them. */
  since: string
}

export const countOf = ({ counts }: Tally): number => Object.values(counts).reduce((sum, n) => sum + n, 0)

/** @param tally null: this is the first */
export function tallied(tally: Tally | null, record: EventRecord, meaning: Meaning): Tally {
  const kind = kindOf(record, meaning)
  const counts = tally?.counts ?? {}
  return {
    counts: { ...counts, [kind]: (counts[kind] ?? 0) + timesOf(record, meaning) },
    users: withValue(tally?.users ?? NONE, meaning.user),
    sources: withValue(tally?.sources ?? NONE, sourceOf(meaning)),
    since: tally?.since ?? record.time,
  }
}

const union = (a: Distinct, b: Distinct): Distinct => {
  const marks = [...new Set([...a.marks, ...b.marks])]
  return { marks: marks.slice(0, MARKS_MAX), more: a.more || b.more || marks.length > MARKS_MAX }
}

/** Of both together. */
export function merged(a: Tally, b: Tally): Tally {
  const counts = { ...a.counts }
  for (const [kind, n] of Object.entries(b.counts) as [Kind, number][]) counts[kind] = (counts[kind] ?? 0) + n
  const since = a.since < b.since ? a.since : b.since
  return { counts, users: union(a.users, b.users), sources: union(a.sources, b.sources), since }
}

const NOUNS: Record<Kind, readonly [one: string, many: string]> = {
  login: ['login', 'logins'],
  change: ['change of user', 'changes of user'],
  refused: ['refused login', 'refused logins'],
  locked_out: ['login to a locked account', 'logins to locked accounts'],
  password: ['new password', 'new passwords'],
  logout: ['logout', 'logouts'],
  log: ['line of a log', 'lines of a log'],
}

const several = ({ marks, more }: Distinct, what: string) => `${more ? 'more than ' : ''}${plural(marks.length, what)}`

function whose({ users }: Tally, record: EventRecord, meaning: Meaning): string {
  if (users.marks.length !== 1 || users.more) return users.marks.length === 0 ? '' : ` for ${several(users, 'user')}`
  const asker = askerOf(record, meaning.source)
  return asker === null ? ` for ${userInWords(meaning.user)}` : ` from ${asker} to ${userInWords(meaning.user)}`
}

function whence({ sources }: Tally, meaning: Meaning): string {
  if (sources.marks.length === 0) return ''
  return ` from ${sources.marks.length > 1 ? several(sources, 'source') : sourceOf(meaning)}`
}

/** 40 more refused logins, 7 logins. @param more a word before the first noun */
function whatOf({ counts }: Tally, more: string): string[] {
  return Object.entries(counts).map(([kind, n], i) => {
    const [one, many] = NOUNS[kind as Kind]
    return `${n}${i === 0 ? more : ''} ${n === 1 ? one : many}`
  })
}

const listed = (words: readonly string[]) =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`

/** 40 refused logins and 2 logins from 3 sources */
export function inShort(tally: Tally): string {
  const { sources } = tally
  return `${listed(whatOf(tally, ''))}${sources.marks.length > 1 ? ` from ${several(sources, 'source')}` : ''}`
}

/**
 * 47 more refused logins for 12 users from 203.0.113.9 on web-1 in 5 min; last root 14:38
 * @param why they were held back, if that was not because the first of them had been told
 */
export function wordsForMore(tally: Tally, record: EventRecord, meaning: Meaning, why: string | null): Words {
  const host = record.log?.host ?? record.host.name
  const more = why === null ? ' more' : ''
  const kinds = whatOf(tally, more)
  const title = kinds.length === 1 ? kinds[0] : `${countOf(tally)}${more} events`
  const seconds = Math.round((Date.parse(record.time) - Date.parse(tally.since)) / 1000)
  const span = seconds > 0 ? ` in ${spanInWords(seconds < 60 ? seconds : Math.round(seconds / 60) * 60)}` : ''
  const one = tally.users.marks.length < 2
  const last =
    one || meaning.user === null ? clockTime(record.time) : `${userInWords(meaning.user)} ${clockTime(record.time)}`
  const text = `${listed(kinds)}${whose(tally, record, meaning)}${whence(tally, meaning)} on ${host}${span}; last ${last}`
  return { title: `${host}: ${title}`, text: why === null ? text : `${why}: ${text}` }
}

// Timestamps of logs, and the year that syslog leaves out.

export interface Stamp {
  /** Milliseconds since 1970. */
  ms: number
  /** RFC 3339, UTC, with microseconds. */
  time: string
}

interface Found {
  stamp: Stamp
  /** What stands behind it. */
  rest: string
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const DAY_MS = 86_400_000

/** RFC 3339, also with a blank for the T, or without a zone: then it is local time. */
const FULL = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?( ?Z|[+-]\d\d:?\d\d)?[ ,]/
/** RFC 3164: Jun  4 15:16:01 */
const SHORT = /^([A-Z][a-z]{2}) ([ \d]\d) (\d\d):(\d\d):(\d\d) /
/** asctime(3): Sun Jun  4 15:16:01 2006 */
const ASCTIME = /^[A-Z][a-z]{2} ([A-Z][a-z]{2}) ([ \d]\d) (\d\d):(\d\d):(\d\d) (\d{4}) /

/** @param micros digits behind the second's point */
export function stampOf(ms: number, micros = ''): Stamp | null {
  if (!Number.isFinite(ms) || ms < 0 || ms > 8.64e15) return null
  const second = new Date(ms).toISOString()
  if (second.length !== 24) return null
  const digits = micros === '' ? `${second.slice(20, 23)}000` : micros.slice(0, 6).padEnd(6, '0')
  return { ms: Math.floor(ms / 1000) * 1000 + Number(digits) / 1000, time: `${second.slice(0, 20)}${digits}Z` }
}

/** Which year a date without one is of. */
export interface Years {
  /** @param at the same moment in any year */
  choose(at: (year: number) => number): number
}

/** What a log that is being written can say at most: its zone may be another, its clock a little ahead. */
const latest = (nowMs: number) => nowMs + DAY_MS

/** Anybody may write a line: a time ahead of all others would outlast what is counted, linked and forgotten by time. */
export const isAhead = ({ ms }: Stamp, nowMs: number) => ms > latest(nowMs)

/** For a log that is being written: the newest year that isn't in the future. */
export function yearsUntil(now: () => number): Years {
  return {
    choose(at) {
      const limit = latest(now())
      const year = new Date(limit).getFullYear()
      return at(year) <= limit ? at(year) : at(year - 1)
    },
  }
}

/** For an old log: its first line as if it was written last, from there on the year that is nearest. */
export function yearsFrom(writtenMs: number): Years {
  let last: number | null = null
  return {
    choose(at) {
      const near = last
      if (near === null) last = yearsUntil(() => writtenMs).choose(at)
      else {
        const year = new Date(near).getFullYear()
        const [nearest = near] = [year, year + 1, year - 1]
          .map(at)
          .sort((a, b) => Math.abs(a - near) - Math.abs(b - near))
        last = nearest
      }
      return last
    },
  }
}

function local(month: string, day: string, clock: readonly string[]): ((year: number) => number) | null {
  const index = MONTHS.indexOf(month)
  const [hour, minute, second] = clock.map(Number)
  const valid = index >= 0 && Number(day) >= 1 && Number(day) <= 31
  return valid ? (year) => new Date(year, index, Number(day), hour, minute, second).getTime() : null
}

/** The time that a line starts with; null if it starts with none. */
export function readTime(text: string, years: Years): Found | null {
  const full = FULL.exec(text)
  if (full) {
    const [whole, date, clock, micros = '', zone = ''] = full
    const stamp = stampOf(Date.parse(`${date}T${clock}${zone.trim()}`), micros.padEnd(6, '0'))
    return stamp && { stamp, rest: text.slice(whole.length) }
  }
  const [short, month = '', day = '', ...clock] = SHORT.exec(text) ?? ASCTIME.exec(text) ?? []
  if (short === undefined) return null
  const at = local(month, day, clock.slice(0, 3))
  if (at === null) return null
  const stamp = stampOf(clock.length === 4 ? at(Number(clock[3])) : years.choose(at))
  return stamp && { stamp, rest: text.slice(short.length) }
}

// Times of the week, as a person sees them on a clock where the time zone is: mon-fri 08:00-18:00.

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const
const MINUTES_OF_DAY = 24 * 60

interface Range {
  /** Monday is 1. */
  days: ReadonlySet<number>
  /** Minutes since midnight; an end before the start is on the next day, which belongs to the day before. */
  from: number
  to: number
}

export interface Times {
  ranges: readonly Range[]
  timeZone: string
}

const SHAPE = /^(?:([a-z,-]+)(?: +|$))?(?:(\d\d):(\d\d)-(\d\d):(\d\d))?$/

function daysOf(text: string): Set<number> | null {
  const days = new Set<number>()
  for (const part of text.split(',')) {
    const [first = '', last = first, ...rest] = part.split('-')
    const [from, to] = [DAYS.indexOf(first as never), DAYS.indexOf(last as never)]
    if (from < 0 || to < 0 || rest.length > 0) return null
    for (let day = from; ; day = (day + 1) % 7) {
      days.add(day + 1)
      if (day === to) break
    }
  }
  return days
}

/** null: neither "mon-fri 08:00-18:00" nor a part of that. */
export function rangeOf(text: string): Range | null {
  const [, week, ...clock] = SHAPE.exec(text.trim().toLowerCase()) ?? []
  if (week === undefined && clock[0] === undefined) return null
  const days = daysOf(week ?? 'mon-sun')
  const [hour = 0, minute = 0, endHour = 24, endMinute = 0] = clock.filter((n) => n !== undefined).map(Number)
  const [from, to] = [hour * 60 + minute, endHour * 60 + endMinute]
  if (days === null || minute > 59 || endMinute > 59 || from >= MINUTES_OF_DAY || to > MINUTES_OF_DAY) return null
  return from === to ? null : { days, from, to }
}

export function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }) !== null
  } catch {
    return false
  }
}

const here = (ms: number, timeZone: string) => Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(timeZone)

/** How many minutes of a clock's day are left of a range; 0: it isn't now. */
function minutesLeft({ days, from, to }: Range, day: number, minute: number): number {
  const yesterday = day === 1 ? 7 : day - 1
  if (from < to) return days.has(day) && from <= minute && minute < to ? to - minute : 0
  if (days.has(day) && minute >= from) return MINUTES_OF_DAY - minute + to
  return days.has(yesterday) && minute < to ? to - minute : 0
}

/** How long the times that hold now go on, in milliseconds; null: none does. At most about a week. */
export function lastingMs({ ranges, timeZone }: Times, nowMs: number): number | null {
  let at = here(nowMs, timeZone)
  // Ranges may touch: the end of one is looked at from there.
  for (let steps = 0; steps <= 14; steps++) {
    const left = Math.max(0, ...ranges.map((range) => minutesLeft(range, at.dayOfWeek, at.hour * 60 + at.minute)))
    if (left === 0) break
    const minute = at.toPlainDateTime().round({ smallestUnit: 'minute', roundingMode: 'floor' })
    const end = minute.add({ minutes: left }).toZonedDateTime(timeZone)
    // In the hour that a clock shows twice the same end can come a second time.
    at = Temporal.ZonedDateTime.compare(end, at) > 0 ? end : at.add({ hours: 1 })
  }
  const lasting = at.epochMilliseconds - nowMs
  return lasting > 0 ? lasting : null
}

/** The next moment after `nowMs` at which the clock shows `minuteOfDay`; where it skips that, the first after. */
export function nextAt(minuteOfDay: number, timeZone: string, nowMs: number): number {
  const time = { hour: Math.floor(minuteOfDay / 60), minute: minuteOfDay % 60 }
  let day = here(nowMs, timeZone).toPlainDate()
  for (;;) {
    const at = day.toZonedDateTime({ timeZone, plainTime: Temporal.PlainTime.from(time) }).epochMilliseconds
    if (at > nowMs) return at
    day = day.add({ days: 1 })
  }
}

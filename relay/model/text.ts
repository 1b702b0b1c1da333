// Small pieces of text: counts and times in words, shortening, taking links out. It never adds a line.

/** At most `max` characters (UTF-16 units), the last an ellipsis if something was left out. */
export function shorten(text: string, max: number): string {
  if (text.length <= max) return text
  const cut = text.slice(0, max - 1)
  return `${/[\ud800-\udbff]$/.test(cut) ? cut.slice(0, -1) : cut}…`
}

/**
 * Keeps a user or host name from becoming a link, a mention or a tag where apps make them of
 * plain text: a zero-width space goes behind the sign that would start one. Addresses stay whole.
 */
export function defuse(text: string): string {
  return text.replace(/[.@#$](?=[\p{L}_])|:(?=\/\/)/gu, '$&\u200b')
}

/** Hour and minute in the machine's own zone, with the date where it is another day than `beside`. */
export function clockTime(rfc3339: string, beside = rfc3339): string {
  const local = (time: string) => {
    const date = new Date(time)
    const two = (n: number) => String(n).padStart(2, '0')
    return {
      day: `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`,
      time: `${two(date.getHours())}:${two(date.getMinutes())}`,
    }
  }
  const [at, other] = [local(rfc3339), local(beside)]
  return at.day === other.day ? at.time : `${at.day} ${at.time}`
}

export const plural = (n: number, one: string, many = `${one}s`) => `${n} ${n === 1 ? one : many}`

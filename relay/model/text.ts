// Making text fit a medium: shortening, and taking the links out. It never adds a line.

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

// An operator's own words: {user} on {host}. A brace that is meant is doubled; nothing in it is ever run.
import type { Alert } from './alert.ts'
import { type Field, MATCH_FIELDS, valuesOf } from './fields.ts'
import { shorten } from './text.ts'

/** What is there beside the fields of an event: our own words, and how many events they are for. */
const OWN = ['title', 'text', 'count', 'time'] as const
export const TEMPLATE_FIELDS: readonly string[] = [...MATCH_FIELDS, ...OWN]

export interface Template {
  title: string | null
  text: string | null
}

const PIECE = /\{\{|\}\}|\{([^{}]*)\}|[{}]/g
const LONGEST = 4096

/** What is wrong with it: a name that is no field, or a lone brace. null: nothing. */
export function templateFault(template: string): { field: string } | 'brace' | null {
  for (const [piece, field] of template.matchAll(PIECE)) {
    if (field !== undefined && !TEMPLATE_FIELDS.includes(field)) return { field }
    if (piece === '{' || piece === '}') return 'brace'
  }
  return null
}

/** In the words of the template; what has no value is a dash. What the relay says of itself stays as it is. */
export function worded(alert: Alert, template: Template): Alert {
  const { record, meaning, count } = alert
  if (record === null || meaning === null) return alert
  const values = valuesOf(record, meaning)
  const own: Record<(typeof OWN)[number], string> = {
    title: alert.title,
    text: alert.text,
    count: String(count),
    time: alert.time,
  }
  const wordsOf = (field: string) => {
    if (field in own) return own[field as keyof typeof own]
    return values[field as Field].filter((value) => value !== null).join(', ') || '-'
  }
  function fill(words: string | null, ours: string): string {
    if (words === null) return ours
    const text = words.replace(PIECE, (piece, field?: string) =>
      field === undefined ? piece.charAt(0) : wordsOf(field),
    )
    // Whatever the words: what stands for several says for how many.
    const says = count <= 1 || /\{(?:count|title|text)\}/.test(words)
    return shorten(says ? text : `${count} events: ${text}`, LONGEST)
  }
  return { ...alert, title: fill(template.title, alert.title), text: fill(template.text, alert.text) }
}

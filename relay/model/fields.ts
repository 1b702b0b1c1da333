// What rules, groups and templates can ask for, by the name they use.
import { countedSource } from './address.ts'
import { type EventRecord, eventSchema } from './event.ts'
import { FIRSTS, type Meaning } from './meaning.ts'

/** Fields of which an event can have several values, or one under several names. */
const MULTIPLE = ['first', 'flag', 'group'] as const
const SINGLE = [
  'service',
  'type',
  'outcome',
  'user',
  'ruser',
  'tty',
  'host',
  'source',
  'method',
  'key',
  'admin',
  'country',
  'owner',
  'situation',
  'rule',
] as const

export const MATCH_FIELDS = [...SINGLE, ...MULTIPLE] as const
export const GROUP_FIELDS = SINGLE
export type Field = (typeof MATCH_FIELDS)[number]

/** Fields that know only these values. */
export const FIELD_VALUES = {
  type: [...eventSchema.properties.type.enum, 'log'],
  outcome: eventSchema.properties.outcome.enum,
  admin: ['yes', 'no'],
  first: FIRSTS,
  flag: eventSchema.properties.flags.items.enum,
  situation: ['brute_force', 'break_in'],
} as const satisfies Partial<Record<Field, readonly string[]>>

/** The first value stands for the field in groups and texts; null: it has none. */
export type Values = Readonly<Record<Field, readonly (string | null)[]>>

export function valuesOf(record: EventRecord, meaning: Meaning): Values {
  const { source, key, method, first, admin, groups, place, attack } = meaning
  const known = (...values: (string | null | undefined)[]) => {
    const found = values.filter((value) => value != null)
    return found.length > 0 ? found : [null]
  }
  return {
    service: [record.service],
    type: [record.type],
    outcome: [record.outcome],
    user: [meaning.user],
    ruser: [record.ruser],
    tty: [record.tty],
    host: [record.host.name],
    source: known(source?.address, source?.name),
    method: [method],
    key: known(key?.fingerprint, key?.name),
    admin: [admin ? 'yes' : 'no'],
    country: [place?.country ?? null],
    owner: [place?.network ?? null],
    situation: [attack?.situation ?? null],
    rule: [record.log?.rule ?? null],
    first,
    flag: record.flags,
    group: groups,
  }
}

/** What events of one group have in common. */
export const groupValues = (fields: readonly Field[], values: Values): (string | null)[] =>
  fields.map((field) => {
    const value = values[field][0] ?? null
    return field === 'source' && value !== null ? countedSource(value) : value
  })

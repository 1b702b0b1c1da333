// What the hook tells, and what is kept of it: the wire format of version 1 and the record.
import type { FromSchema } from 'json-schema-to-ts'
import { parseJson } from './json.ts'
import { ajv } from './schema.ts'

/** The hook escapes control characters; a text that holds one isn't the hook's. */
const text = {
  type: 'string',
  maxLength: 4096,
  pattern: '^[^\\u0000-\\u001f\\u007f-\\u009f]*$',
} as const
const optional = { ...text, type: ['string', 'null'] } as const

export const eventSchema = {
  type: 'object',
  additionalProperties: false,
  required: [
    'v',
    'id',
    'time',
    'type',
    'outcome',
    'service',
    'user',
    'rhost',
    'ruser',
    'tty',
    'pid',
    'uid',
    'ssh',
    'flags',
  ],
  properties: {
    v: { const: 1 },
    /** UUIDv7, RFC 9562: the idempotency key from end to end. */
    id: {
      type: 'string',
      pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$',
    },
    time: {
      type: 'string',
      pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{6}Z$',
    },
    /** PAM_TYPE, pam_exec(8). */
    type: {
      enum: ['auth', 'account', 'password', 'open_session', 'close_session'],
    },
    outcome: { enum: ['success', 'failure'] },
    service: text,
    user: optional,
    rhost: optional,
    ruser: optional,
    tty: optional,
    /** The process that called PAM. */
    pid: { type: 'integer', minimum: 0, maximum: 4294967295 },
    uid: { type: 'integer', minimum: 0, maximum: 4294967295 },
    /** Advisory: the user could have planted these. */
    ssh: {
      type: ['object', 'null'],
      additionalProperties: false,
      required: ['connection', 'auth_info'],
      properties: {
        connection: optional,
        auth_info: { ...optional, maxLength: 24576 },
      },
    },
    /** Fields that were shortened: their length in bytes and the SHA-256 of all of it. */
    cut: {
      type: 'object',
      additionalProperties: {
        type: 'object',
        additionalProperties: false,
        required: ['bytes', 'sha256'],
        properties: {
          bytes: { type: 'integer', minimum: 1 },
          sha256: { type: 'string', pattern: '^[0-9a-f]{64}$' },
        },
      },
    },
    flags: {
      type: 'array',
      items: { enum: ['spoofed_env'] },
      uniqueItems: true,
    },
  },
} as const

export type LoginEvent = FromSchema<typeof eventSchema>

export const isEvent = ajv.compile<LoginEvent>(eventSchema)

/** @throws Error that says what is wrong with the text, and nothing of what it holds */
export function parseEvent(text: string): LoginEvent {
  const value = parseJson(text)
  if (!isEvent(value)) throw new Error(ajv.errorsText(isEvent.errors, { dataVar: 'event' }))
  return value
}

/** Which machine; `boot_id` tells one run of it from the next. */
export interface Host {
  name: string
  machine_id: string | null
  boot_id: string | null
}

/** What a log said: where it stood, by which rule it was understood, and what else it told. */
export interface LogMatch {
  /** A file's path, or "journal". */
  source: string
  /** The host that the line names: a log may hold those of others. */
  host: string | null
  rule: string
  /** In words, for an alert. */
  what: string
  /** Who wrote it; several may tell of one attempt. */
  witness: string
  line: string
  /** The named groups that have no place of their own in the event. */
  fields: Readonly<Record<string, string>>
  /** For how many it stands. */
  count: number
}

/** A line of a watched log: of a type that the hook has, or of an operator's own pattern. */
export type LogEvent = Omit<LoginEvent, 'type'> & { type: LoginEvent['type'] | 'log'; log: LogMatch }

/** An event as it was stored: these bytes, as JSON, never change. */
export type EventRecord = (LoginEvent | LogEvent) & { host: Host; seq: number; log?: LogMatch }

/** What whoever sent an event is told once it is on disk. */
export interface Receipt {
  id: string
  seq: number
  /** It was stored before; nothing was stored now. */
  repeated: boolean
}

/** The service name under which pam-alert tests itself. */
export const TEST_SERVICE = 'pam-alert-test'

// What is wrong with a configuration, and where: JSON Schema's errors in words a person can act on.
import { isIP } from 'node:net'
import { Ajv, type ErrorObject } from 'ajv'
import { closest, distance } from 'fastest-levenshtein'
import { DURATION, durationMs, SIZE, sizeBytes } from './quantity.ts'
import { isTimeZone, rangeOf } from './times.ts'
import type { Toml, TomlPath } from './toml.ts'

export interface Problem {
  line: number
  /** The key, as in notifiers.ops.url; list items count from 1. */
  where: string
  message: string
}

const LOOPBACK = /^(?:127(?:\.\d{1,3}){3}|\[::1\]|localhost)$/

function isEndpoint(text: string): boolean {
  if (!URL.canParse(text)) return false
  const url = new URL(text)
  return url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK.test(url.hostname))
}

/** ADDRESS:PORT, with an IPv6 address in brackets; null if it is neither. */
export function hostAndPort(text: string): { host: string; port: number } | null {
  const found = /^(?:\[([0-9a-f:.]+)\]|([^:[\]]+)):(\d{1,5})$/i.exec(text)
  const host = found?.[1] ?? found?.[2] ?? ''
  const port = Number(found?.[3])
  return isIP(host) !== 0 && port > 0 && port < 65536 ? { host, port } : null
}

/** Formats by name: what is right, and what to say if it isn't. */
const FORMATS: Record<string, { holds: (text: string) => boolean; rule: string }> = {
  endpoint: {
    holds: isEndpoint,
    rule: 'must be an https:// address; plain http:// only to this machine (127.0.0.1, [::1], localhost)',
  },
  link: {
    holds: (text) => /^https?:\/\/[^\s<>|"]+$/.test(text) && URL.canParse(text),
    rule: 'must be an http:// or https:// address',
  },
  address: {
    holds: (text) => /^[^\s<>()[\]\\,;:"@]+@[A-Za-z0-9.-]+$/.test(text),
    rule: 'must be a mail address such as ops@example.org',
  },
  proxy: {
    holds: (text) => /^http:\/\/[^/]+\/?$/.test(text),
    rule: 'must be http://HOST:PORT',
  },
  path: {
    holds: (text) => text.startsWith('/'),
    rule: 'must be an absolute path',
  },
  listen: {
    holds: (text) => hostAndPort(text) !== null,
    rule: 'must be ADDRESS:PORT, e.g. 127.0.0.1:9465',
  },
  size: {
    holds: (text) => SIZE.test(text) && sizeBytes(text) >= 65_536,
    rule: 'must be a size such as 64MiB or 4GiB, and at least 64KiB',
  },
  age: {
    holds: (text) => DURATION.test(text) && durationMs(text) >= 86_400_000,
    rule: 'must be a duration such as 90d, and at least 1d',
  },
  duration: {
    holds: (text) => DURATION.test(text) && durationMs(text) > 0,
    rule: 'must be a duration such as 30s, 5m, 1h30m',
  },
  times: {
    holds: (text) => rangeOf(text) !== null,
    rule: 'must be times of the week such as "mon-fri 08:00-18:00", "sat,sun" or "22:00-07:00"',
  },
  time_of_day: {
    holds: (text) => /^(?:[01]\d|2[0-3]):[0-5]\d$/.test(text),
    rule: 'must be a time of day such as "08:00"',
  },
  time_zone: {
    holds: isTimeZone,
    rule: 'must be a time zone such as Europe/Berlin or UTC',
  },
}

/** Compiles the schemas of the file and of each kind; knows our formats. */
export const ajv = new Ajv({
  allErrors: true,
  verbose: true,
  strict: true,
  // The schemas are ours, and a test checks them; here it would take a tenth of the start.
  validateSchema: false,
  allowUnionTypes: true,
  code: { optimize: false },
})
for (const [name, { holds }] of Object.entries(FORMATS)) ajv.addFormat(name, { type: 'string', validate: holds })
/** "; did you mean …" or, if nothing is near, what there is. */
export function suggestion(word: string, known: readonly string[]): string {
  if (known.length === 0) return ''
  const nearest = closest(word, [...known])
  return distance(word, nearest) <= Math.max(2, word.length / 3)
    ? `; did you mean "${nearest}"?`
    : `; known: ${known.join(', ')}`
}

const inWords: Record<string, string> = {
  string: 'a text in quotes',
  object: 'a table',
  array: 'a list',
  boolean: 'true or false',
  integer: 'a whole number',
}

function explain(error: ErrorObject): { key: string | null; message: string } {
  const { keyword, params } = error
  switch (keyword) {
    case 'additionalProperties': {
      const key = String(params.additionalProperty)
      const known = Object.keys((error.parentSchema as { properties?: object } | undefined)?.properties ?? {})
      return known.includes(`${key}_file`)
        ? { key, message: `unknown key; "${key}_file" names the file that has it` }
        : { key, message: `unknown key${suggestion(key, known)}` }
    }
    case 'required':
      return { key: null, message: `"${params.missingProperty}" is missing` }
    case 'type':
      return {
        key: null,
        message: `must be ${[params.type]
          .flat()
          .map((type) => inWords[type] ?? type)
          .join(' or ')}`,
      }
    case 'enum': {
      const known = params.allowedValues as string[]
      return {
        key: null,
        message: `${JSON.stringify(error.data)} is none of ${known.join(', ')}`,
      }
    }
    case 'format':
      return {
        key: null,
        message: FORMATS[String(params.format)]?.rule ?? 'has the wrong form',
      }
    default:
      return { key: null, message: error.message ?? keyword }
  }
}

const unescapePointer = (step: string) => step.replaceAll('~1', '/').replaceAll('~0', '~')

/** Paths count list items from 0, as TOML parsers do; people are told of the first as [1]. */
function asWritten(path: TomlPath): string {
  return path.map((step, i) => (typeof step === 'number' ? `[${step + 1}]` : i > 0 ? `.${step}` : step)).join('')
}

export function problemAt(toml: Toml, path: TomlPath, message: string): Problem {
  return { line: toml.lineOf(path), where: asWritten(path), message }
}

/** @param base where in the file the checked value stands */
export function problemsOf(toml: Toml, base: TomlPath, errors: readonly ErrorObject[] | null | undefined): Problem[] {
  return (errors ?? []).map((error) => {
    const { key, message } = explain(error)
    const steps = error.instancePath
      .split('/')
      .slice(1)
      .map(unescapePointer)
      .map((step) => (/^\d+$/.test(step) ? Number(step) : step))
    return problemAt(toml, [...base, ...steps, ...(key === null ? [] : [key])], message)
  })
}

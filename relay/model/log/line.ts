// One line of a log in its parts: when, which host, which program, and what it says. It judges nothing.
import { createHash } from 'node:crypto'
import { escapeLine } from './escape.ts'
import type { RawLine } from './split.ts'
import { readTime, type Stamp, type Years } from './time.ts'

export interface Line {
  /** null: the line doesn't say. */
  stamp: Stamp | null
  host: string | null
  /** The program's name in its tag; empty if it has none. */
  program: string
  pid: number | null
  message: string
  /** All of it, escaped. */
  text: string
  /** If it was too long to keep: of all of it. */
  cut: { bytes: number; sha256: string } | null
}

/** Bytes of a line that are kept. Escaping makes four of one, and an event's text has 4096 at most. */
const KEPT_BYTES = 1000

/** Of a line of any length, what is kept. */
export function keepLine({ bytes, cut }: Pick<RawLine, 'bytes' | 'cut'>): { text: string; cut: Line['cut'] } {
  if (bytes.length <= KEPT_BYTES) return { text: escapeLine(bytes), cut }
  const whole = cut ?? { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }
  return { text: escapeLine(bytes.subarray(0, KEPT_BYTES)), cut: whole }
}

/** sshd[123]: or, as pam_unix wrote before Linux-PAM 1.0, sshd(pam_unix)[123]: */
const TAG = /^([^\s[(:]{1,64})(?:\((pam_[a-z_]{1,32})\))?(?:\[(\d{1,10})\])?: (.*)$/s

/** As a syslog daemon writes it to a file; other lines have a message and nothing else. */
export function parseLine(raw: Pick<RawLine, 'bytes' | 'cut'>, years: Years): Line {
  const { text, cut } = keepLine(raw)
  const line = text.trimEnd()
  const bare = { stamp: null, host: null, program: '', pid: null, message: line, text: line, cut }
  const found = readTime(line, years)
  if (found === null) return bare
  const { stamp, rest } = found
  const blank = rest.indexOf(' ')
  const host = rest.slice(0, blank)
  const behind = rest.slice(blank + 1)
  if (blank > 0 && /^last message repeated \d{1,9} times$/.test(behind))
    return { ...bare, stamp, host, message: behind }
  const [, program, module, pid, said = ''] = (blank > 0 && TAG.exec(behind)) || []
  // A daemon's own log: a time, and what it says.
  if (program === undefined) return { ...bare, stamp, message: rest }
  const message = module === undefined ? said : `${module}(${program}): ${said}`
  return { ...bare, stamp, host, program, pid: pid === undefined ? null : Number(pid), message }
}

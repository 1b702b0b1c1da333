// Lines of one log, in order, to events: the first rule that matches, repeats counted, thresholds kept.
import { createHash } from 'node:crypto'
import type { LogEvent } from '../event.ts'
import type { Line } from './line.ts'
import { type Rule, type Told, tell } from './rule.ts'
import { pass, type Threshold, type Window } from './threshold.ts'

/** What one [[watch]] wants of a log. */
export interface Reading {
  rules: readonly Rule[]
  /** Answers whether a message must be passed over. */
  ignores(message: string): boolean
  threshold: (Threshold & { trackBy: readonly string[] }) | null
}

/** What must be remembered over restarts, as JSON: the windows of thresholds, by a digest of what they track. */
export type Memory = Readonly<Record<string, Window>>

/** Strangers choose what is tracked: so many are remembered, the latest. */
const WINDOWS_MAX = 10_000

const REPEATED = /^message repeated (\d{1,6}) times: \[ ?(.*?)\]?$/s
const LAST_REPEATED = /^last message repeated (\d{1,6}) times$/

/** A UUIDv7 (RFC 9562) that is always the same for this place in this log. */
function idOf(time: string, place: string): string {
  const ms = Math.max(0, Date.parse(time)).toString(16).padStart(12, '0')
  const hash = createHash('sha256').update(place).digest('hex')
  const variant = (8 + (Number.parseInt(hash[3] ?? '0', 16) % 4)).toString(16)
  return `${ms.slice(0, 8)}-${ms.slice(8)}-7${hash.slice(0, 3)}-${variant}${hash.slice(4, 7)}-${hash.slice(7, 19)}`
}

/** @param source what the log is called: its path, or "journal" */
export function createInterpreter(source: string, readings: readonly Reading[], memory: Memory) {
  /** syslogd may say that it was repeated. Not remembered: it holds what a stranger typed. */
  let previous: Told | null = null
  const windows = new Map(Object.entries(memory))

  function understand(line: Line, now: string): { told: Told; threshold: Reading['threshold'] } | null {
    for (const { rules, ignores, threshold } of readings) {
      if (ignores(line.message)) continue
      for (const rule of rules) {
        const told = tell(rule, line, source, now)
        if (told !== null) return { told, threshold }
      }
    }
    return null
  }

  /** As often as syslogd says. */
  function withRepeats(line: Line, now: string): ReturnType<typeof understand> {
    const [, times = '1', message] = REPEATED.exec(line.message) ?? []
    const found = understand(message === undefined ? line : { ...line, message }, now)
    if (found === null || times === '1') return found
    const { log } = found.told
    return { ...found, told: { ...found.told, log: { ...log, count: log.count * Number(times) } } }
  }

  /** Of how many it tells now. */
  function countNow(told: Told, threshold: Reading['threshold']): number {
    if (threshold === null) return told.log.count
    const fields: Record<string, unknown> = { ...told.log.fields, ...told }
    const tracked = JSON.stringify([told.log.rule, ...threshold.trackBy.map((field) => fields[field] ?? null)])
    const key = createHash('sha256').update(tracked).digest('base64url')
    const { window, count } = pass(threshold, windows.get(key), Date.parse(told.time), told.log.count)
    // At the end, so that those at the front are the ones that were quiet longest.
    windows.delete(key)
    windows.set(key, window)
    const [oldest] = windows.keys()
    if (windows.size > WINDOWS_MAX && oldest !== undefined) windows.delete(oldest)
    return count
  }

  return {
    /**
     * @param place where the line stands, so that it is known when it is read again
     * @param now RFC 3339 with microseconds
     */
    read(line: Line, place: string, now: string): LogEvent | null {
      const last = LAST_REPEATED.exec(line.message)
      if (last !== null && previous === null) return null
      if (last !== null && previous !== null) {
        const log = { ...previous.log, count: Number(last[1]), line: line.text }
        return { ...previous, id: idOf(previous.time, place), time: line.stamp?.time ?? now, log }
      }
      const found = withRepeats(line, now)
      previous = found?.told ?? null
      if (found === null) return null
      const count = countNow(found.told, found.threshold)
      if (count === 0) return null
      const { told } = found
      return { ...told, id: idOf(told.time, place), log: { ...told.log, count } }
    },

    memory: (): Memory => Object.fromEntries(windows),
  }
}

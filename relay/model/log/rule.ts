// What a line says: rules, and the event that a matching line becomes. Patterns are RE2's, whose time
// grows with the line and never faster: lines hold what strangers type.
import { RE2JS } from 're2js'
import type { LogEvent } from '../event.ts'
import type { Line } from './line.ts'

/** What a rule says of the lines that it matches; written by us, or by an operator as a pattern of his own. */
export interface RuleText {
  /** As alerts, routes and the history name it: openssh/failed. */
  name: string
  /** Of which programs it reads lines; null: of all. */
  programs: readonly string[] | null
  /** Named groups: user, rhost, ruser, tty, uid, pid, service, count; port, method, key_type, fingerprint; others are kept. */
  pattern: string
  type: LogEvent['type']
  outcome: LogEvent['outcome']
  /** In an alert: "root: … on web-1". {group} stands for what the group holds, {message} for the line's. */
  what: string
  /** Where the line doesn't say. */
  service: string | null
  user?: string
  method?: string
  /** Several witnesses may tell of one attempt; one tells of each attempt once. {group} as above. */
  witness: string
}

export interface Rule extends RuleText {
  matches(message: string): Record<string, string> | null
}

/** @throws if the pattern doesn't compile */
export function compileRule(rule: RuleText): Rule {
  const compiled = RE2JS.compile(rule.pattern)
  const names = Object.keys(compiled.namedGroups())
  return {
    ...rule,
    matches(message) {
      if (!compiled.test(message)) return null
      const matcher = compiled.matcher(message)
      matcher.find()
      return Object.fromEntries(
        names.flatMap((name) => (matcher.group(name) ? [[name, String(matcher.group(name))]] : [])),
      )
    },
  }
}

const filled = (template: string, fields: Record<string, string>) =>
  template.replaceAll(/\{(\w+)\}/g, (_, name: string) => fields[name] ?? '')

const numberIn = (text: string | undefined, max: number): number | null => {
  const number = Number(text)
  return text !== undefined && Number.isInteger(number) && number >= 0 && number <= max ? number : null
}

const UINT32 = 4_294_967_295
const COUNT_MAX = 1_000_000
/** They stand in the event itself. */
const PLACED = ['user', 'rhost', 'ruser', 'tty', 'uid', 'pid', 'service', 'count']

/** What a line has become, without the name by which it is known. */
export type Told = Omit<LogEvent, 'id'>

/** @param now RFC 3339 with microseconds, for lines that don't say when */
export function tell(rule: Rule, line: Line, source: string, now: string): Told | null {
  if (rule.programs !== null && !rule.programs.includes(line.program)) return null
  const found = rule.matches(line.message)
  if (found === null) return null
  const fields = { ...(rule.method !== undefined && { method: rule.method }), ...found }
  const kept = Object.entries(fields).filter(([name]) => !PLACED.includes(name))
  return {
    v: 1,
    time: line.stamp?.time ?? now,
    type: rule.type,
    outcome: rule.outcome,
    service: found.service ?? rule.service ?? line.program,
    user: found.user ?? rule.user ?? null,
    rhost: found.rhost ?? null,
    ruser: found.ruser ?? null,
    tty: found.tty ?? null,
    pid: numberIn(found.pid, UINT32) ?? line.pid ?? 0,
    uid: numberIn(found.uid, UINT32) ?? 0,
    ssh: null,
    ...(line.cut && { cut: { line: line.cut } }),
    flags: [],
    log: {
      source,
      host: line.host,
      rule: rule.name,
      what: filled(rule.what, { ...fields, message: line.message }),
      witness: filled(rule.witness, { module: 'pam_unix', ...fields }),
      line: line.text,
      fields: Object.fromEntries(kept),
      count: numberIn(found.count, COUNT_MAX) || 1,
    },
  }
}

// When a route applies: values to have or not to have, patterns, times of the week.
import { BlockList, isIP } from 'node:net'
import { RE2JS } from 're2js'
import type { Field, Values } from './fields.ts'
import { lastingMs, type Times } from './times.ts'

/** Field → values or patterns, any of which will do. */
export type Wanted = Readonly<Partial<Record<Field, readonly string[]>>>

/** All that is said must hold. */
export interface Conditions {
  match: Wanted
  /** RE2's syntax; the whole value must match. No text can make it slow: https://github.com/google/re2/wiki/Syntax */
  matchRe: Wanted
  /** Values, none of which may be there. */
  not: Wanted
  times: Times | null
}

export type Holds = (values: Values, timeMs: number) => boolean

const family = (address: string) => (isIP(address) === 6 ? 'ipv6' : 'ipv4')

/** Takes addresses and networks such as 10.0.0.0/8. */
export function networkList(networks: readonly string[]): (address: string) => boolean {
  const list = new BlockList()
  for (const network of networks) {
    const [address = '', prefix] = network.split('/')
    if (prefix === undefined) list.addAddress(address, family(address))
    else list.addSubnet(address, Number(prefix), family(address))
  }
  return (address) => isIP(address) !== 0 && list.check(address, family(address))
}

function oneOf(field: string, wanted: readonly string[]): (value: string | null) => boolean {
  if (field === 'source') {
    const within = networkList(wanted)
    return (value) => value !== null && within(value)
  }
  const set = new Set<string | null>(wanted)
  return (value) => set.has(value)
}

function likeOne(patterns: readonly string[]): (value: string | null) => boolean {
  const compiled = patterns.map((pattern) => RE2JS.compile(pattern))
  return (value) => value !== null && compiled.some((pattern) => pattern.matches(value))
}

export function compileConditions({ match, matchRe, not, times }: Conditions): Holds {
  const entries = (wanted: Wanted) => Object.entries(wanted) as [Field, readonly string[]][]
  const some = ([field, wanted]: [Field, readonly string[]]) => {
    const test = oneOf(field, wanted)
    return (values: Values) => values[field].some(test)
  }
  const all: Holds[] = [
    ...entries(match).map(some),
    ...entries(matchRe).map(([field, patterns]) => {
      const test = likeOne(patterns)
      return (values: Values) => values[field].some(test)
    }),
    ...entries(not)
      .map(some)
      .map((found) => (values: Values) => !found(values)),
    ...(times === null ? [] : [(_: Values, timeMs: number) => lastingMs(times, timeMs) !== null]),
  ]
  return (values, timeMs) => all.every((holds) => holds(values, timeMs))
}

/** What is wrong with a pattern: in words, and the part of it that is. null: nothing. */
export function patternFault(pattern: string): { message: string; part: string } | null {
  try {
    RE2JS.compile(pattern)
    return null
  } catch (error) {
    const { error: message = String(error), input } = error as { error?: string; input?: string | null }
    return { message, part: input ?? pattern }
  }
}

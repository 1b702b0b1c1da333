// Which services reach the hook, through whatever their files include; pam.conf(5). Pure.
import { type Entry, parseStack, type Rule, rulesThatRun } from './stack.ts'

/** What libpam takes for a type that a service's file says nothing of. */
const FALLBACK = 'other'
const TYPES = ['auth', 'account', 'password', 'session'] as const

/** Debian's parts, whether or not somebody takes them in; what editors and dpkg leave behind. */
const NO_SERVICE = /^common-|[.~]/

export interface Uncovered {
  service: string
  types: string[]
}

/** The file that an entry takes in for this type: include and substack, or Debian's @include for all. */
function included(entry: Entry, type: string): string | null {
  if (entry.kind === 'other') return /^\s*@include\s+(\S+)/.exec(entry.raw)?.[1] ?? null
  return entry.type === type && /^(?:include|substack)$/i.test(entry.control) ? entry.module : null
}

export function uncovered(stacks: ReadonlyMap<string, string>, hook: string): Uncovered[] {
  const parsed = new Map([...stacks].map(([name, text]) => [name, parseStack(text)]))
  /** What somebody takes in is no service itself, unless it is one in another guise: su by su-l, sudo by sudo-i. */
  const guise = (name: string) => name.replace(/-[il]$/, '')
  const fragments = new Set(
    [...parsed]
      .flatMap(([name, entries]) =>
        entries.flatMap((entry) => TYPES.map((type) => ({ name, part: included(entry, type) }))),
      )
      .filter(({ name, part }) => part !== guise(name))
      .map(({ part }) => part),
  )

  function rules(file: string, type: string, within: readonly string[] = []): Rule[] {
    if (within.includes(file)) return []
    return (parsed.get(file) ?? []).flatMap((entry) => {
      const other = included(entry, type)
      if (other !== null) return rules(other, type, [...within, file])
      return entry.kind === 'rule' && entry.type === type ? [entry] : []
    })
  }

  function covers(service: string, type: string): boolean {
    const own = rules(service, type)
    return rulesThatRun(own.length > 0 ? own : rules(FALLBACK, type), hook).length > 0
  }

  const found = [...parsed.keys()]
    .filter((name) => !fragments.has(name) && !NO_SERVICE.test(name))
    .sort()
    .map((service) => ({ service, types: TYPES.filter((type) => !covers(service, type)) }))
    .filter(({ types }) => types.length > 0)
  // Who mends su has mended su-l.
  return found.filter(
    ({ service }) => guise(service) === service || !found.some((other) => other.service === guise(service)),
  )
}

// Routes that never fire: what the routes before them take, or what they ask of themselves, leaves nothing.
// It claims only what can be proven from values and networks; of patterns and times it compares the words.
import { isIP } from 'node:net'
import { type Conditions, networkList } from '../conditions.ts'
import type { Field } from '../fields.ts'

type Named = Conditions & { name: string | null; continue: boolean }

/** Whether every value of `inner` is one of `outer`. */
function within(field: string, inner: readonly string[], outer: readonly string[]): boolean {
  if (field !== 'source') return inner.every((value) => outer.includes(value))
  return inner.every((network) => outer.some((around) => covers(around, network)))
}

const bitsOf = (network: string) =>
  Number(network.split('/')[1] ?? (isIP(network.split('/')[0] ?? '') === 6 ? 128 : 32))

function covers(outer: string, inner: string): boolean {
  return bitsOf(outer) <= bitsOf(inner) && networkList([outer])(inner.split('/')[0] ?? '')
}

const entries = (wanted: Conditions['match']) => Object.entries(wanted) as [Field, readonly string[]][]

/** Fields that can have several values: having one that is asked for doesn't exclude having another. */
const MULTIPLE = new Set<Field>(['first', 'flag', 'key', 'source'])

/** Whether whatever meets `inner` meets `outer`, too. */
function implies(inner: Conditions, outer: Conditions): boolean {
  const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b)
  return (
    entries(outer.match).every(([field, values]) => {
      const asked = inner.match[field]
      return asked !== undefined && within(field, asked, values)
    }) &&
    entries(outer.matchRe).every(([field, patterns]) => same(patterns, inner.matchRe[field])) &&
    entries(outer.not).every(([field, values]) => {
      const [refused, asked] = [inner.not[field], inner.match[field]]
      const refusedToo = refused !== undefined && within(field, values, refused)
      return (
        refusedToo || (asked !== undefined && !MULTIPLE.has(field) && !values.some((value) => asked.includes(value)))
      )
    }) &&
    (outer.times === null || same(outer.times, inner.times))
  )
}

/** A route as people speak of it; `i` counts from 0. */
export const routeName = (routes: readonly Named[], i: number) => {
  const name = routes[i]?.name ?? null
  return name === null ? `routes[${i + 1}]` : `routes[${i + 1}] (${name})`
}

/** Why the route `i` can never fire; null: nothing says that it can't. */
export function whyNever(routes: readonly Named[], i: number): string | null {
  const route = routes[i]
  if (route === undefined) return null
  const field = entries(route.match).find(([field, values]) => within(field, values, route.not[field] ?? []))?.[0]
  if (field !== undefined) return `never fires: "not" excludes every ${field} that "match" asks for`
  const before = routes.findIndex((earlier, at) => at < i && !earlier.continue && implies(route, earlier))
  return before < 0 ? null : `never fires: ${routeName(routes, before)} takes all that it would match`
}

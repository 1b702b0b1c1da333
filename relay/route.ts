// Which notifiers get an event, and in which group. Pure: rules and an event in, targets out.
import { BlockList, isIP } from 'node:net'
import type { Route } from './model/config/routes.ts'
import { type EventRecord, TEST_SERVICE } from './model/event.ts'
import type { Meaning } from './model/meaning.ts'
import type { Target } from './model/target.ts'

type Values = Readonly<Record<string, readonly (string | null)[]>>
type Rule = (values: Values) => boolean

/** What rules can ask for, by the name they use. */
function valuesOf(record: EventRecord, meaning: Meaning): Values {
  return {
    service: [record.service],
    type: [record.type],
    outcome: [record.outcome],
    user: [record.user],
    ruser: [record.ruser],
    tty: [record.tty],
    source: [meaning.source?.address ?? meaning.source?.name ?? null],
    method: [meaning.method],
    flag: record.flags,
  }
}

const family = (address: string) => (isIP(address) === 6 ? 'ipv6' : 'ipv4')

function networkRule(networks: readonly string[]): Rule {
  const list = new BlockList()
  for (const network of networks) {
    const [address = '', prefix] = network.split('/')
    if (prefix === undefined) list.addAddress(address, family(address))
    else list.addSubnet(address, Number(prefix), family(address))
  }
  return ({ source }) =>
    source?.some((address) => address !== null && isIP(address) !== 0 && list.check(address, family(address))) ?? false
}

function ruleFor(field: string, wanted: readonly string[]): Rule {
  if (field === 'source') return networkRule(wanted)
  const set = new Set<string | null>(wanted)
  return (values) => values[field]?.some((value) => set.has(value)) ?? false
}

/** The first matching route wins, unless it says `continue`; a notifier gets an event once at most. */
export function createRouter(routes: readonly Route[], notifiers: readonly string[]) {
  const compiled = routes.map((route) => ({
    route,
    rules: Object.entries(route.match).map(([field, wanted]) => ruleFor(field, wanted)),
  }))

  return function route(record: EventRecord, meaning: Meaning): Target[] {
    // A test goes to all, or to the one that it names as its terminal: routes mustn't hide a broken notifier.
    if (record.service === TEST_SERVICE)
      return notifiers
        .filter((name) => record.type === 'open_session' && (record.tty ?? name) === name)
        .map((notifier) => ({ notifier, priority: 0, group: null }))
    const values = valuesOf(record, meaning)
    const targets = new Map<string, Target>()
    for (const [index, { route, rules }] of compiled.entries()) {
      if (!rules.every((rule) => rule(values))) continue
      const key = JSON.stringify([index, ...route.groupBy.map((field) => values[field])])
      const group = route.groupBy.length === 0 ? null : { key, intervalMs: route.groupIntervalMs }
      for (const notifier of route.notify)
        if (!targets.has(notifier)) targets.set(notifier, { notifier, priority: route.priority, group })
      if (!route.continue) break
    }
    return [...targets.values()]
  }
}

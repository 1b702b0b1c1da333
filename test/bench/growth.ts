// Whether the relay slows down with what it has stored: start, intake and queries at growing histories.

import { mkdirSync, readFileSync } from 'node:fs'
import { verifyChain } from '../../relay/cli/verify.ts'
import { openDatabase, transaction } from '../../relay/db/database.ts'
import { createEvents } from '../../relay/db/events.ts'
import { createSeen } from '../../relay/db/seen.ts'
import { enrich } from '../../relay/enrich.ts'
import type { EventRecord } from '../../relay/model/event.ts'
import { type Facts, factsOf, teaches } from '../../relay/model/facts.ts'
import type { Paths } from '../../relay/model/paths.ts'
import { chainHash, GENESIS } from '../../relay/sign.ts'
import { type RunningRelay, writeConfig } from '../helpers/relay.ts'
import type { Size } from './bench.ts'
import { atMost, type Figure, type Goal, median, type Section, type Unit } from './figures.ts'
import type { Site } from './site.ts'

const QUERY_MS = 50
const SIZES: Record<Size, number[]> = {
  short: [1000, 2000],
  usual: [10_000, 1_000_000],
  full: [10_000, 1_000_000, 10_000_000],
}
const BATCH = 100_000
const STARTS = 3
const USERS = 500
const SOURCES = 50_000

/** The n-th event of a made-up history: a year, few users, many addresses, one in ten refused. */
function eventAt(n: number, total: number): EventRecord {
  const at = new Date(Date.UTC(2026, 0, 1) + Math.floor((n / total) * 365 * 86_400_000))
  const refused = n % 10 === 0
  return {
    v: 1,
    id: `019a0000-0000-7000-8000-${n.toString(16).padStart(12, '0')}`,
    time: `${at.toISOString().slice(0, -1)}000Z`,
    type: refused ? 'auth' : 'open_session',
    outcome: refused ? 'failure' : 'success',
    service: n % 3 === 0 ? 'sudo' : 'sshd',
    user: `user${n % USERS}`,
    rhost: `10.${(n % SOURCES) >> 8}.${(n % SOURCES) & 255}.7`,
    ruser: null,
    tty: 'ssh',
    pid: 4666,
    uid: 0,
    ssh: null,
    flags: [],
    host: { name: 'web-1', machine_id: null, boot_id: null },
    seq: n,
  }
}

/** Adds events up to `total`, chained as the relay does it; what isn't needed for that is left out. */
function fill({ database, stateDir }: Paths, total: number) {
  mkdirSync(stateDir, { recursive: true })
  const db = openDatabase(database)
  // Nothing of it is promised to anybody, and a log as long as the database would be a second one.
  db.exec('PRAGMA synchronous = OFF; PRAGMA wal_autocheckpoint = 10000; PRAGMA cache_size = -200000')
  const events = createEvents(db)
  const seen = createSeen(db)
  if (events.origin() === null) events.begin('2026-01-01T00:00:00.000Z', null)
  let { seq, hash } = events.head() ?? { seq: 0, hash: GENESIS }
  while (seq < total)
    transaction(db, () => {
      const end = Math.min(total, seq + BATCH)
      while (seq < end) {
        seq += 1
        const record = eventAt(seq, total)
        const text = JSON.stringify(record)
        hash = chainHash(hash, text)
        events.insert(seq, record.id, text, hash)
        const meaning = enrich(record)
        events.annotate(record, meaning)
        const facts = teaches(record) ? factsOf(record, meaning) : null
        if (facts !== null) seen.learn(facts, seq)
      }
      events.setRouted(seq)
    })
  db.close()
}

const QUERIES: Record<string, string> = {
  'the newest': '?limit=50',
  'one user': '?limit=50&user=user7',
  'one source': '?limit=50&source=10.3.7.7',
  'who is unknown': '?limit=50&user=nobody',
  refused: '?limit=50&outcome=failure',
  'a service that is rare': '?limit=50&service=login',
  'the last day': '?limit=50&since=2026-12-30T00:00:00Z',
  'nothing that late': '?limit=50&since=2027-06-01T00:00:00Z',
}

async function query(relay: RunningRelay, path: string, n: number): Promise<number> {
  const took: number[] = []
  for (let i = 0; i < n; i++) {
    const start = performance.now()
    const { status } = await relay.ask('GET', `/v1/events${path}`)
    if (status !== 200) throw new Error(`${path}: ${status}`)
    took.push(performance.now() - start)
  }
  return median(took)
}

/** Whether a login from that address, or by that key, was ever seen: in microseconds, for one login. */
function lookUp({ database }: Paths, n: number): number {
  const db = openDatabase(database)
  const { unseen } = createSeen(db)
  const took = Array.from({ length: n }, (_, i) => {
    const record = eventAt(i + 1, n)
    const facts = factsOf(record, enrich(record)) as Facts
    const start = performance.now()
    unseen(facts)
    return (performance.now() - start) * 1000
  })
  db.close()
  return median(took)
}

interface Measured {
  total: number
  start: readonly number[]
  intake: number
  verify: number
  lookUp: number
  queries: Record<string, number>
}

async function measureAt(site: Site, total: number, n: number): Promise<Measured> {
  fill(site.paths, total)
  const start: number[] = []
  const begin = async () => {
    const began = performance.now()
    const relay = await site.relay()
    start.push(performance.now() - began)
    return relay
  }
  for (let round = 1; round < STARTS; round++) await (await begin()).stop()
  const relay = await begin()
  await site.clients(site.paths.socket, n * 10, 1)
  const { p50_us: intake } = await site.clients(site.paths.socket, n * 10, 1, { pauseUs: 2000 })
  const queries: Record<string, number> = {}
  for (const [what, path] of Object.entries(QUERIES)) queries[what] = await query(relay, path, n)
  await relay.stop()
  const verifying = performance.now()
  const { broken, events } = verifyChain(site.paths.database, null)
  if (broken) throw new Error(`event ${broken.seq}: ${broken.reason}`)
  const verify = events / ((performance.now() - verifying) / 1000)
  return { total, start, intake, verify, lookUp: lookUp(site.paths, n * 10), queries }
}

export async function growth(site: Site, size: Size): Promise<Section[]> {
  const n = size === 'short' ? 2 : 30
  // As much as there is, or the oldest would go.
  writeConfig(site.paths, `[store]\nmax_size = "1TiB"\n${readFileSync(site.paths.config, 'utf8')}`)
  const all: Measured[] = []
  for (const total of SIZES[size]) all.push(await measureAt(site, total, n))
  const stored = (total: number) => `${total.toLocaleString('en')} stored`
  const flat: Goal = { text: '≤ 1.2 ×', met: ({ ratio }) => (ratio ?? 1) <= 1.2 }
  const section = (title: string, unit: Unit, pick: (m: Measured) => readonly number[], goal?: Goal): Section => ({
    title: `Growth: ${title}`,
    reference: stored(all[0]?.total ?? 0),
    figures: all.map((m): Figure => ({ what: stored(m.total), unit, rounds: pick(m), ...(goal ? { goal } : {}) })),
  })
  const history = ({ total, queries }: Measured): Section => ({
    title: `Growth: history with ${stored(total)}`,
    reference: null,
    figures: Object.entries(queries).map(
      ([what, took]): Figure => ({ what, unit: 'ms', rounds: [took], goal: atMost(QUERY_MS, `${QUERY_MS} ms`) }),
    ),
  })
  return [
    section('start', 'ms', (m) => m.start, flat),
    section('a lone client', 'µs', (m) => [m.intake], flat),
    section('what is new in a login', 'µs', (m) => [m.lookUp]),
    section('verify, events per second', '/s', (m) => [m.verify]),
    ...all.map(history),
  ]
}

// How fast events come to be on disk, a connection per event: for a lone client, and for many at once. They are
// routed, too, but to nobody, as the bare server tells nobody either.
import { readFileSync } from 'node:fs'
import { writeConfig } from '../helpers/relay.ts'
import type { Size } from './bench.ts'
import { type Figure, median, type Section, timed } from './figures.ts'
import type { Site } from './site.ts'

const CLIENTS = [1, 16, 64, 256]
/** So far apart that each finds the relay at rest, and the disk: a sync that follows another is quicker. */
const LONE_PAUSE_US = 5000

async function loneClient(site: Site, bare: string, rounds: number, n: number): Promise<Section> {
  const waits = { fdatasync: [], fsync: [], bare: [], relay: [] } as Record<string, number[][]>
  for (let round = 0; round < rounds; round++) {
    waits.fdatasync?.push(await site.syncs(n, 'fdatasync', LONE_PAUSE_US))
    waits.fsync?.push(await site.syncs(n, 'fsync', LONE_PAUSE_US))
    for (const [name, socket] of [
      ['bare', bare],
      ['relay', site.paths.socket],
    ] as const) {
      const { p50_us, p99_us } = await site.clients(socket, n, 1, { pauseUs: LONE_PAUSE_US })
      waits[name]?.push([p50_us, p99_us])
    }
  }
  const { fdatasync = [], fsync = [], bare: bareWaits = [], relay = [] } = waits
  const sync = median(fdatasync.map(median))
  const limit = 2 * sync + 300
  const summed = (what: string, rounds: number[][]): Figure => ({
    what,
    unit: 'µs',
    rounds: rounds.map(([p50 = 0]) => p50),
    tails: rounds.map(([, p99 = 0]) => p99),
  })
  return {
    title: 'A lone client, from connect to 202',
    reference: 'one fdatasync',
    figures: [
      timed('one fdatasync', 'µs', fdatasync),
      timed('one fsync, what SQLite does', 'µs', fsync),
      summed('bare node:http + node:sqlite', bareWaits),
      {
        ...summed('pam-alert', relay),
        goal: { text: `≤ ${Math.round(limit)} µs`, met: ({ value }) => value <= limit },
      },
    ],
  }
}

async function manyClients(site: Site, bare: string, clients: number, rounds: number, n: number): Promise<Section> {
  const rates = { bare: [] as number[], relay: [] as number[], disk: [] as number[] }
  for (let round = 0; round < rounds; round++) {
    rates.disk.push(1e6 / median(await site.syncs(200, 'fdatasync')))
    const ofBare = await site.clients(bare, n, clients)
    rates.bare.push(ofBare.stored / ofBare.seconds)
    const ours = await site.clients(site.paths.socket, n, clients)
    if (ours.failed > 0) throw new Error(`${ours.failed} events were not acknowledged`)
    rates.relay.push(ours.stored / ours.seconds)
  }
  const wanted = clients === 64 ? 8000 : 0
  return {
    title: `${clients} client${clients === 1 ? '' : 's'}, durable events per second`,
    reference: 'bare node:http + node:sqlite',
    figures: [
      { what: 'fdatasyncs, for comparison', unit: '/s', rounds: rates.disk },
      { what: 'bare node:http + node:sqlite', unit: '/s', rounds: rates.bare },
      {
        what: 'pam-alert',
        unit: '/s',
        rounds: rates.relay,
        goal: {
          text: wanted > 0 ? '≥ 0.75 ×, 8,000/s' : '≥ 0.75 ×',
          met: ({ ratio, value }) => (ratio ?? 0) >= 0.75 && value >= wanted,
        },
      },
    ],
  }
}

export async function intake(site: Site, size: Size): Promise<Section[]> {
  const [rounds, lone, many] = size === 'short' ? [1, 5, 256] : [5, 200, 5120]
  const { config } = site.paths
  writeConfig(site.paths, readFileSync(config, 'utf8').replace('notify = ["ops"]', 'notify = []'))
  await site.relay()
  const { socket } = await site.server()
  for (const warm of [socket, site.paths.socket]) await site.clients(warm, many, 16)
  const sections = [await loneClient(site, socket, rounds, lone)]
  for (const clients of CLIENTS)
    sections.push(await manyClients(site, socket, clients, rounds, Math.min(many, clients * 512)))
  return sections
}

// A hundred thousand refused logins from a thousand addresses, and one true login in their middle.
import { readFileSync } from 'node:fs'
import { scheduler } from 'node:timers/promises'
import { writeConfig } from '../helpers/relay.ts'
import type { Size } from './bench.ts'
import { median, type Section, timed } from './figures.ts'
import { memoryOf } from './footprint.ts'
import { alerts, hookService } from './latency.ts'
import { pinMyself, SERVER_CORE } from './machine.ts'
import type { Site } from './site.ts'

const CLIENTS = 16
const GROUPED =
  '[[routes]]\nmatch = { outcome = "failure" }\nnotify = ["ops"]\ngroup_by = ["source"]\ngroup_interval = "5m"\n'

export async function flood(site: Site, size: Size): Promise<Section[]> {
  const [refused, logins] = size === 'short' ? [1600, 3] : [100_000, 100]
  const { config } = site.paths
  writeConfig(site.paths, readFileSync(config, 'utf8').replace('[[routes]]', `${GROUPED}[[routes]]`))
  pinMyself(SERVER_CORE)
  hookService(site)
  const relay = await site.relay()
  await site.clients(site.paths.socket, Math.min(refused, 3000), CLIENTS, { outcome: 'failure' })
  await scheduler.wait(size === 'short' ? 100 : 2000)
  const quiet = await alerts(site, logins)
  const before = memoryOf(relay.child)
  const told = site.receiver.received.length
  const storm = site.clients(site.paths.socket, refused, CLIENTS, { outcome: 'failure' })
  const busy = await alerts(site, logins)
  const { stored, failed, seconds } = await storm
  const after = memoryOf(relay.child)
  return [
    {
      title: `${refused.toLocaleString('en')} refused logins from a thousand addresses`,
      reference: null,
      figures: [
        { what: 'stored and acknowledged', unit: '', rounds: [stored] },
        { what: 'not acknowledged', unit: '', rounds: [failed] },
        { what: 'rate', unit: '/s', rounds: [stored / seconds] },
        { what: 'messages for them', unit: '', rounds: [site.receiver.received.length - told - logins] },
        { what: 'private memory before', unit: 'MB', rounds: [before.private] },
        { what: 'private memory after', unit: 'MB', rounds: [after.private] },
      ],
    },
    {
      title: 'Alert of a true login',
      reference: 'quiet',
      figures: [
        timed('quiet', 'µs', [quiet]),
        timed('in the middle of the flood', 'µs', [busy], {
          text: '≤ 2 × at p50',
          met: ({ value }) => value <= 2 * median(quiet),
        }),
      ],
    },
  ]
}

// npm run bench: measures every part side by side, prints one table and writes JSON. It asserts nothing.
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { evaluate, type Section } from './figures.ts'
import { flood } from './flood.ts'
import { footprint } from './footprint.ts'
import { growth } from './growth.ts'
import { intake } from './intake.ts'
import { latency } from './latency.ts'
import { loginCost } from './logins.ts'
import { describeMachine } from './machine.ts'
import { createSite, type Site } from './site.ts'
import { heading, table } from './table.ts'

/** short: to see that it works. full: with ten million stored events. */
export type Size = 'short' | 'usual' | 'full'

const PARTS: Record<string, (site: Site, size: Size) => Promise<Section[]>> = {
  logins: loginCost,
  intake,
  latency,
  footprint,
  growth,
  flood,
}

const USAGE = `usage: npm run bench -- [--short | --full] [--json FILE] [${Object.keys(PARTS).join(' | ')}]...\n`

function options() {
  const { values, positionals } = parseArgs({
    options: { short: { type: 'boolean' }, full: { type: 'boolean' }, json: { type: 'string' } },
    allowPositionals: true,
  })
  const size: Size = values.short ? 'short' : values.full ? 'full' : 'usual'
  const parts = positionals.length > 0 ? positionals : Object.keys(PARTS)
  if (parts.some((part) => !(part in PARTS))) {
    process.stderr.write(USAGE)
    process.exit(2)
  }
  return { size, parts, json: values.json ?? 'bench.json' }
}

/** Each part has a site of its own, so that none finds what another left. */
async function measure(part: string, size: Size): Promise<Section[]> {
  const endings: (() => void | Promise<void>)[] = []
  const site = await createSite({ after: (done) => void endings.push(done) })
  try {
    return (await PARTS[part]?.(site, size)) ?? []
  } finally {
    for (const end of endings) await end()
  }
}

const { size, parts, json } = options()
// Not /tmp, which may be memory: this is about disks.
process.env.TMPDIR ??= '/var/tmp'
const machine = describeMachine()
const described = Object.entries(machine).map(([name, value]) => `${name} ${value}`)
process.stdout.write(`${described.join(', ')}\n\n${heading}\n\n`)
const results = []
for (const part of parts) {
  process.stderr.write(`measuring ${part} …\n`)
  for (const section of await measure(part, size)) {
    const result = evaluate(section)
    results.push({ part, ...result })
    process.stdout.write(`${table(result)}\n`)
  }
}
writeFileSync(json, `${JSON.stringify({ measured: new Date().toISOString(), size, machine, results }, null, 2)}\n`)
process.stderr.write(`written to ${json}\n`)

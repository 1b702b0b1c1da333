// pam-alert status: what works, and what doesn't and why.
import { statSync } from 'node:fs'
import { hostname } from 'node:os'
import { createPam } from '../../pam/apply.ts'
import { EXIT } from '../model/errors.ts'
import type { Paths } from '../model/paths.ts'
import { plural } from '../model/text.ts'
import { VERSION } from '../model/version.ts'
import type { Health } from '../ops.ts'
import { ask } from './client.ts'
import { expectationInWords, expectations } from './expect.ts'
import { age, localTime, say, sayJson, style } from './terminal.ts'

const TYPES = ['auth', 'account', 'password', 'session'] as const

/** PAM types whose stacks call the hook, with the files that do. */
function coverage(paths: Paths): Record<string, string[]> {
  const callers = createPam(paths.root, paths.hook, '').callers()
  return Object.fromEntries(TYPES.map((type) => [type, callers.filter((c) => c.type === type).map(({ file }) => file)]))
}

function hookProblem(path: string): string | null {
  const found = statSync(path, { throwIfNoEntry: false })
  if (found === undefined) return `${path} is missing: run ./install.sh again`
  if (found.uid !== 0 || found.mode & 0o022) return `${path} can be changed by others than root`
  return found.mode & 0o100 ? null : `${path} is not executable`
}

async function healthOf(paths: Paths): Promise<Health | string> {
  try {
    return (await ask(paths.socket, 'GET', '/health')).body as Health
  } catch (error) {
    return (error as Error).message.split('\n')[0] ?? ''
  }
}

function printQueue(queue: Health['queue']) {
  const width = Math.max(0, ...Object.keys(queue).map((name) => name.length))
  for (const [name, lane] of Object.entries(queue)) {
    const facts = [
      lane.pending > 0 ? `${lane.pending} waiting, the oldest for ${age(lane.oldest_s ?? 0)}` : 'nothing waits',
      ...(lane.dead > 0 ? [plural(lane.dead, 'dead letter')] : []),
      ...(lane.held_until === null ? [] : [`the budget has room at ${localTime(lane.held_until)}`]),
      ...lane.budget.map(({ per, messages, left }) => `${left} of ${messages} left (${per})`),
      ...(lane.last_error === null ? [] : [lane.last_error]),
      ...(lane.paused_until === null ? [] : [`next try ${localTime(lane.paused_until)}`]),
    ]
    const line = `  ${name.padEnd(width)}  ${facts.join('; ')}`
    say(lane.last_error === null && lane.dead === 0 ? line : style('yellow', line))
  }
}

export async function status(paths: Paths, { json = false }: { json?: boolean }) {
  const pam = coverage(paths)
  const health = await healthOf(paths)
  const missing = TYPES.filter((type) => pam[type]?.length === 0)
  const problems = [
    ...(missing.length > 0 ? [`PAM does not call the hook for ${missing.join(', ')}: run pam-alert install`] : []),
    ...[hookProblem(paths.hook)].filter((problem) => problem !== null),
    ...(typeof health === 'string' ? [`the relay does not answer: ${health}`] : health.problems),
  ]
  if (problems.length > 0) process.exitCode = EXIT.notSo
  if (json) return sayJson({ version: VERSION, pam, health: typeof health === 'string' ? null : health, problems })

  say(`${style('bold', `pam-alert ${VERSION}`)} on ${hostname()}`)
  for (const type of TYPES) say(`  ${type.padEnd(8)}  ${pam[type]?.join(', ') || style('yellow', 'not covered')}`)
  if (typeof health !== 'string') {
    const { uptime_s, store } = health
    say(`Relay up for ${age(uptime_s)}, ${plural(store.events, 'event')} stored.`)
    if (store.gap !== null) say(style('yellow', `History begins at ${localTime(store.since ?? '')}: ${store.gap}.`))
    printQueue(health.queue)
    const expected = await expectations(paths)
    if (expected.length > 0) say('Expected, and not told one by one:')
    for (const expectation of expected) say(`  ${expectationInWords(expectation)}`)
  }
  for (const problem of problems) say(style('red', `! ${problem}`))
  if (problems.length === 0) say(style('green', 'All is well.'))
}

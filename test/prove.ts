// npm run prove: the promise, tried out in full, on one screen: killed at random and at every step, power
// lost after every step, flooded; how long logins waited; what systemd thinks of the service.
// --short does a little of everything, to see that it works.
import { execFileSync, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { killPoints } from './crash/kill-points.ts'
import { crashLoop } from './crash/loop.ts'
import { program } from './crash/oracle.ts'
import { powerLoss, recordHook, recordRelay } from './crash/power-loss.ts'
import { longestWaits } from './crash/waits.ts'
import { flood } from './e2e/flood.ts'
import type { Scope } from './helpers/temp.ts'

const top = join(import.meta.dirname, '..')
const short = process.argv.includes('--short')
const SIZE = short
  ? { kills: 5, stride: 40, events: 5, refused: 500, logins: 20, crowd: 100 }
  : { kills: 300, stride: 1, events: 20, refused: 20_000, logins: 200, crowd: 1000 }
const SEED = 20_261_120

const n = (value: number) => value.toLocaleString('en')
const say = (line = '') => process.stdout.write(`${line}\n`)
const row = (what: string, came: string) => say(`  ${what.padEnd(25)}${came}`)

/** What was started for it ends with it. */
async function within<T>(work: (t: Scope) => Promise<T>): Promise<T> {
  const endings: (() => void | Promise<void>)[] = []
  try {
    return await work({ after: (done) => void endings.push(done) })
  } finally {
    for (const end of endings.toReversed()) await end()
  }
}

function score(): string {
  const args = ['security', '--offline=true', '--no-pager', join(top, 'relay/service/pam-alert.service')]
  const { stdout } = spawnSync('systemd-analyze', args, { encoding: 'utf8' })
  return /Overall exposure level for pam-alert\.service: ([\d.]+)/.exec(stdout ?? '')?.[1] ?? 'no systemd-analyze here'
}

for (const part of ['hook', 'test']) execFileSync('make', ['-s', '-C', part], { cwd: top, stdio: 'inherit' })
say(`pam-alert: nothing lost, nothing blocked, nothing forged${short ? ' (short)' : ''}\n`)

const loop = await within((t) => crashLoop(t, SIZE.kills, SEED))
row(
  'killed at random',
  `${n(loop.kills)} kills, ${n(loop.events)} events, 0 lost, ${n(loop.deliveredTwice)} delivered twice`,
)

const points = await within((t) => killPoints(t, SIZE.stride))
const each = Object.entries(points).map(([step, kills]) => `${step} ${kills}`)
row('killed before a step', `${n(Object.values(points).reduce((a, b) => a + b))} kills, 0 lost`)
row('', each.join(', '))

const relay = await within(async (t) => powerLoss(t, await recordRelay(t, SIZE.events), SIZE.stride))
const hook = await within(async (t) => powerLoss(t, await recordHook(t), 1))
row('power lost, relay', `after ${n(relay.cuts)} steps, ${n(relay.disks)} disks, 0 lost`)
row('power lost, hook', `after ${n(hook.cuts)} steps, ${n(hook.disks)} disks, 0 lost`)

const { refused, messages, before, after } = await within((t) => flood(t, SIZE.refused))
row('flooded', `${n(refused)} refused logins, 0 lost, ${n(messages)} messages,`)
row('', `relay ${before.toFixed(0)} MB, then ${after.toFixed(0)} MB`)
row('exposure of the service', `${score()} (systemd-analyze security)`)

say('\n  a login waited, ms                     logins   middle  longest')
for (const { fault, logins, middle, longest } of await within(async (t) =>
  longestWaits(t, await program(t), SIZE.logins, SIZE.crowd),
))
  say(`  ${fault.padEnd(39)}${n(logins).padStart(6)}${middle.toFixed(1).padStart(9)}${longest.toFixed(1).padStart(9)}`)
say('\n  The hook waits 50 ms at most; the rest is this machine, busy starting hooks.')

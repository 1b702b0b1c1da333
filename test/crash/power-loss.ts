// The power goes after any step of the relay or the hook, and takes what was not synced, all of it or
// parts: what was acknowledged, witnessed or spooled before is found when it is back.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { pino } from 'pino'
import { verifyChain } from '../../relay/cli/verify.ts'
import { openDatabase } from '../../relay/db/database.ts'
import { systemClock as clock } from '../../relay/model/clock.ts'
import { type Paths, pathsBelow } from '../../relay/model/paths.ts'
import { openHostKey } from '../../relay/sign.ts'
import { createSpool } from '../../relay/spool.ts'
import { HOOK } from '../helpers/hook.ts'
import { logins } from '../helpers/logins.ts'
import { nodeBehind } from '../helpers/relay.ts'
import { type Scope, tempDir } from '../helpers/temp.ts'
import { until } from '../helpers/until.ts'
import { createDisk, type Survives } from './disk.ts'
import { randomOf } from './loop.ts'
import { createSite, idle, program } from './oracle.ts'
import { recording, type Step, stepsOf, within } from './trace.ts'

export interface Recording {
  paths: Paths
  steps: readonly Step[]
  /** What the disk held before. */
  present: ReadonlyMap<string, Buffer>
}

/** What may be relied on after the steps so far. */
interface Promised {
  /** Event id → seq, of every acknowledgement that was sent. */
  acknowledged: Map<string, number>
  /** seq → hash, of every head of the chain that a receiver was shown. */
  witnessed: Map<number, string>
  /** Ids of events that have been in the spool. */
  spooled: Set<string>
}

export interface PowerLosses {
  /** Steps after which the power went. */
  cuts: number
  /** What was found afterwards, and looked at. */
  disks: number
}

const log = pino({ level: 'silent' })

/** A relay that finds events in its spool, gets more over the socket, ends, and comes back. */
export async function recordRelay(t: Scope, events: number): Promise<Recording> {
  const { paths, launch, entry } = await createSite(t, await program(t))
  const { spool, stateDir } = paths
  await logins(paths, 5, 5, 'spooled')
  const present = new Map(readdirSync(spool).map((name) => [join(spool, name), readFileSync(join(spool, name))]))
  // The installation makes it.
  mkdirSync(stateDir, { recursive: true })
  const steps: Step[] = []
  for (const prefix of ['first', 'second']) {
    const file = join(tempDir(t), 'trace')
    // One thread for what Node does behind its own, and no ring of requests that strace can't see into.
    const node = nodeBehind(t, `UV_THREADPOOL_SIZE=1 UV_USE_IO_URING=0 exec ${recording(file)}`)
    const relay = launch({ program: [node, entry] })
    await relay.ready
    await logins(paths, events, 2, prefix)
    await until(() => idle(relay))
    await relay.stop()
    steps.push(...within(stepsOf(file), [stateDir, spool]))
  }
  return { paths, steps, present }
}

/** The hook, with nobody listening. */
export async function recordHook(t: Scope): Promise<Recording> {
  const paths = pathsBelow(tempDir(t))
  mkdirSync(paths.spool, { recursive: true, mode: 0o700 })
  const file = join(tempDir(t), 'trace')
  const [strace = '', ...args] = recording(file).split(' ')
  const hook = [HOOK, '--socket', paths.socket, '--spool', paths.spool]
  const env = { PATH: process.env.PATH, PAM_SERVICE: 'sshd', PAM_USER: 'alice', PAM_TYPE: 'open_session' }
  await once(spawn(strace, [...args, ...hook], { env, stdio: 'inherit' }), 'close')
  return { paths, steps: within(stepsOf(file), [paths.spool]), present: new Map() }
}

const idOf = (path: string) => basename(path, '.json')

/** Takes down what a step promises. */
function promise({ acknowledged, witnessed, spooled }: Promised, step: Step, linked: Set<string>) {
  if (step.does === 'link') linked.add(step.to)
  if (step.does === 'sync') for (const path of linked) if (dirname(path) === step.path) spooled.add(idOf(path))
  if (step.does !== 'say') return
  const text = step.bytes.toString()
  const [, id, seq] = /^HTTP\/1\.1 20[02] [\s\S]*\{"id":"([^"]+)","seq":(\d+)\}/.exec(text) ?? []
  if (id !== undefined) acknowledged.set(id, Number(seq))
  const [, at, hash] = /"chain":\{"seq":(\d+),"hash":"([0-9a-f]{64})"/.exec(text) ?? []
  if (hash !== undefined) witnessed.set(Number(at), hash)
}

/** Ids of the events that the relay takes out of this spool. */
async function taken(directory: string): Promise<string[]> {
  const ids: string[] = []
  const spool = createSpool({ directory, clock, log, accept: async ({ id }) => ids.push(id) })
  spool.start()
  await until(async () => (await spool.health()).files === 0)
  await spool.stop()
  return ids
}

/** What must hold below a root that was found after the power loss. */
async function checkFound(paths: Paths, { acknowledged, witnessed, spooled }: Promised, publicKey: string | null) {
  const left = await taken(paths.spool)
  const db = openDatabase(paths.database)
  try {
    assert.equal(db.prepare('PRAGMA quick_check').get()?.quick_check, 'ok')
    const rows = db.prepare('SELECT seq, id, hash FROM event').all()
    const stored = new Map(rows.map(({ id, seq }) => [String(id), Number(seq)]))
    for (const [id, seq] of acknowledged) assert.equal(stored.get(id), seq, `event ${seq} was acknowledged`)
    const hashes = new Map(rows.map(({ seq, hash }) => [Number(seq), Buffer.from(hash as Uint8Array).toString('hex')]))
    for (const [seq, hash] of witnessed) assert.equal(hashes.get(seq), hash, `event ${seq} was witnessed`)
    for (const id of spooled) assert.ok(stored.has(id) || left.includes(id), `event ${id} was spooled`)
  } finally {
    db.close()
  }
  assert.equal(verifyChain(paths.database, null).broken, null)
  const lastGood = statSync(paths.lastGoodConfig, { throwIfNoEntry: false })
  if (lastGood !== undefined) assert.ok(lastGood.size > 0, 'the last configuration that worked is whole')
  if (witnessed.size > 0) assert.equal(openHostKey(paths.hostKey).publicKey, publicKey, 'receivers know this key')
}

/** Nothing of what was not synced, everything, and two mixtures. */
function fates(random: () => number): Survives[] {
  const [few, many] = [random() * 0.3, 0.7 + random() * 0.3]
  return [() => false, () => true, () => random() < few, () => random() < many]
}

/** The power goes after every `stride`th step. */
export async function powerLoss(t: Scope, { paths, steps, present }: Recording, stride: number): Promise<PowerLosses> {
  const random = randomOf(20_261_120)
  const disk = createDisk(present)
  const promised: Promised = {
    acknowledged: new Map(),
    witnessed: new Map(),
    spooled: new Set([...present.keys()].map(idOf)),
  }
  const linked = new Set<string>()
  const publicKey = steps.some(({ does }) => does === 'say') ? openHostKey(paths.hostKey).publicKey : null
  const found = pathsBelow(join(tempDir(t), 'found'))
  const result = { cuts: 0, disks: 0 }
  for (const [i, step] of steps.entries()) {
    disk.do(step)
    promise(promised, step, linked)
    if (i % stride !== 0 && i !== steps.length - 1) continue
    result.cuts += 1
    for (const survives of fates(random)) {
      rmSync(found.root, { recursive: true, force: true })
      for (const dir of [found.stateDir, found.spool]) mkdirSync(dir, { recursive: true })
      for (const [path, content] of disk.afterPowerLoss(survives))
        writeFileSync(path.replace(paths.root, found.root), content)
      await checkFound(found, promised, publicKey).catch((error: Error) => {
        throw new Error(`the power went after step ${i} (${step.does}): ${error.message}`, { cause: error })
      })
      result.disks += 1
    }
  }
  return result
}

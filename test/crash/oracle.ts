// What must hold however often the relay was killed: every event stored once, the chain whole, and
// every event delivered at least once, under an id that is no other's.
import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { bundle } from '../../build.ts'
import { verifyChain } from '../../relay/cli/verify.ts'
import { type Paths, pathsBelow } from '../../relay/model/paths.ts'
import type { Health } from '../../relay/ops.ts'
import { storedUsers } from '../helpers/logins.ts'
import { WEBHOOK_SECRET } from '../helpers/notifiers.ts'
import { createReceiver, type Receiver } from '../helpers/receiver.ts'
import { launchRelay, type RelayOptions, type RunningRelay, writeConfig, writeSecret } from '../helpers/relay.ts'
import { type Scope, tempDir } from '../helpers/temp.ts'
import { until } from '../helpers/until.ts'

export interface Site {
  paths: Paths
  receiver: Receiver
  /** The relay as one program. */
  entry: string
  launch(more?: RelayOptions): RunningRelay
}

export interface Outcome {
  events: number
  deliveredTwice: number
}

/** The relay as one program, which starts fast. */
export const program = (t: Scope): Promise<string> => bundle(join(tempDir(t), 'relay'))

/** A root with a webhook that takes everything. */
export async function createSite(t: Scope, entry: string): Promise<Site> {
  const dir = tempDir(t)
  const paths = pathsBelow(join(dir, 'root'))
  const receiver = await createReceiver(t)
  mkdirSync(paths.spool, { recursive: true, mode: 0o700 })
  const secret = writeSecret(paths, 'ops', WEBHOOK_SECRET)
  writeConfig(
    paths,
    `[notifiers.ops]\ntype = "webhook"\nurl = "${receiver.url}"\nsecret_file = "${secret}"\n[[routes]]\nnotify = ["ops"]\n`,
  )
  return {
    paths,
    receiver,
    entry,
    launch: (more = {}) => launchRelay(t, { root: paths.root, program: [process.execPath, entry], ...more }),
  }
}

/** Up to which event all are routed. */
function routed(paths: Paths): number {
  const db = new DatabaseSync(paths.database, { readOnly: true, timeout: 5000 })
  try {
    return Number(db.prepare("SELECT seq FROM progress WHERE name = 'routed'").get()?.seq ?? 0)
  } finally {
    db.close()
  }
}

/** Nothing is under way: the spool is empty, every event is routed, and no message waits. */
export async function idle(relay: RunningRelay): Promise<boolean> {
  const { spool, queue, store } = (await relay.ask('GET', '/health')).body as Health
  return spool.files === 0 && queue.ops?.pending === 0 && store.events === routed(relay.paths)
}

/** Starts the relay a last time, lets it end its work, and looks at everything. */
export async function check({ paths, receiver, launch }: Site, users: readonly string[]): Promise<Outcome> {
  const relay = launch()
  await relay.ready
  await until(() => idle(relay))
  await relay.stop()

  assert.deepEqual(storedUsers(paths).toSorted(), users.toSorted(), 'every login is stored, once')
  assert.equal(verifyChain(paths.database, null).broken, null, 'the chain is whole, and seq has no gap')
  const events = new Map<string, Set<string>>()
  for (const { headers, body } of receiver.received) {
    const { data } = JSON.parse(body.toString()) as { data: { id?: string; user?: string } }
    const id = String(headers['webhook-id'])
    events.set(id, (events.get(id) ?? new Set()).add(String(data.user)))
  }
  for (const [id, told] of events) assert.equal(told.size, 1, `webhook-id ${id} stands for ${[...told]}`)
  const delivered = new Set([...events.values()].flatMap((told) => [...told]))
  const lost = users.filter((user) => !delivered.has(user))
  assert.deepEqual(lost, [], 'every event is delivered')
  return { events: users.length, deliveredTwice: receiver.received.length - events.size }
}

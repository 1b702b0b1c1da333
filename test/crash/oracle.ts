// What must hold however often the relay was killed: every event stored once, the chain whole, and
// every event delivered at least once, under an id that is no other's.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { bundle } from '../../build.ts'
import { verifyChain } from '../../relay/cli/verify.ts'
import { type Paths, pathsBelow } from '../../relay/model/paths.ts'
import type { Health } from '../../relay/ops.ts'
import { storedUsers, until } from '../helpers/logins.ts'
import { WEBHOOK_SECRET } from '../helpers/notifiers.ts'
import { createReceiver, type Receiver } from '../helpers/receiver.ts'
import { launchRelay, type RelayOptions, type RunningRelay, writeConfig, writeSecret } from '../helpers/relay.ts'
import { type Scope, tempDir } from '../helpers/temp.ts'

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

/** A root with a webhook that takes everything, and a relay that starts fast. */
export async function createSite(t: Scope): Promise<Site> {
  const dir = tempDir(t)
  const paths = pathsBelow(join(dir, 'root'))
  const receiver = await createReceiver(t)
  const secret = writeSecret(paths, 'ops', WEBHOOK_SECRET)
  writeConfig(
    paths,
    `[notifiers.ops]\ntype = "webhook"\nurl = "${receiver.url}"\nsecret_file = "${secret}"\n[[routes]]\nnotify = ["ops"]\n`,
  )
  const entry = await bundle(join(dir, 'relay'))
  return {
    paths,
    receiver,
    entry,
    launch: (more = {}) => launchRelay(t, { root: paths.root, program: [process.execPath, entry], ...more }),
  }
}

/** Starts the relay a last time, lets it end its work, and looks at everything. */
export async function check({ paths, receiver, launch }: Site, users: readonly string[]): Promise<Outcome> {
  const relay = launch()
  await relay.ready
  await until(async () => {
    const { spool, queue } = (await relay.ask('GET', '/health')).body as Health
    return spool.files === 0 && queue.ops?.pending === 0 && storedUsers(paths).length >= users.length
  })
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

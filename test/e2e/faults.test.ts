// Real hooks at a real relay that is stopped, stuck, full, out of descriptors or gone: every login
// ends, and every event is stored once.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { openSync, readdirSync, readFileSync, writeFileSync, writeSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { DatabaseSync } from 'node:sqlite'
import { describe, type TestContext, test } from 'node:test'
import { pathsBelow } from '../../relay/model/paths.ts'
import type { Health } from '../../relay/ops.ts'
import { loginEvent } from '../helpers/alerts.ts'
import { logins, names, storedUsers } from '../helpers/logins.ts'
import { without } from '../helpers/needs.ts'
import { WEBHOOK_SECRET } from '../helpers/notifiers.ts'
import { createReceiver } from '../helpers/receiver.ts'
import { COMMAND, command, nodeBehind, type RunningRelay, startRelay, writeSecret } from '../helpers/relay.ts'
import { onEnd, tempDir } from '../helpers/temp.ts'
import { until } from '../helpers/until.ts'

const health = async (relay: RunningRelay) => (await relay.ask('GET', '/health')).body as Health

/** Everything that was spooled has been taken in. */
const drained = (relay: RunningRelay) => until(async () => (await health(relay).catch(() => null))?.spool.files === 0)

async function openSockets(t: TestContext, path: string, n: number): Promise<Socket[]> {
  const sockets: Socket[] = []
  onEnd(t, () => {
    for (const socket of sockets) socket.destroy()
  })
  await Promise.all(
    Array.from({ length: n }, () => {
      const socket = connect(path)
      sockets.push(socket)
      return new Promise((done) => socket.on('connect', done).on('error', done))
    }),
  )
  return sockets
}

const spooled = (relay: RunningRelay) => readdirSync(relay.paths.spool).filter((name) => name.endsWith('.json')).length

describe('logins while the relay', () => {
  test('is stopped: they are spooled, and stored when it is back', async (t) => {
    const relay = await startRelay(t)
    await relay.stop()
    assert.equal((await logins(relay.paths, 20, 4)).failed, 0)
    await until(() => spooled(relay) === 20)
    const again = await startRelay(t, { root: relay.paths.root })
    await drained(again)
    assert.deepEqual(storedUsers(relay.paths).sort(), names(20))
  })

  test('hangs: they go on, and are stored once although they came twice', async (t) => {
    const relay = await startRelay(t)
    relay.child.kill('SIGSTOP')
    assert.equal((await logins(relay.paths, 20, 20)).failed, 0)
    // The children give up waiting and spool; the requests are in the socket all the same.
    await until(() => spooled(relay) === 20)
    relay.child.kill('SIGCONT')
    await drained(relay)
    assert.deepEqual(storedUsers(relay.paths).sort(), names(20))
  })

  test('has a full backlog', async (t) => {
    const relay = await startRelay(t)
    relay.child.kill('SIGSTOP')
    // Connecting to a full backlog waits for ever here; the kernel counts those, too.
    void openSockets(t, relay.paths.socket, 600)
    assert.equal((await logins(relay.paths, 5, 5)).failed, 0)
    await until(() => spooled(relay) === 5)
    relay.child.kill('SIGCONT')
    await drained(relay)
    assert.deepEqual(storedUsers(relay.paths).sort(), names(5))
  })

  test('has no descriptors left: it recovers by itself, and the spool covers', async (t) => {
    const relay = await startRelay(t, { program: [nodeBehind(t, 'ulimit -n 64; exec'), COMMAND] })
    const idle = await openSockets(t, relay.paths.socket, 100)
    assert.equal((await logins(relay.paths, 10, 10)).failed, 0)
    for (const socket of idle) socket.destroy()
    await until(() => storedUsers(relay.paths).length === 10)
    await drained(relay)
    assert.deepEqual(storedUsers(relay.paths).sort(), names(10))
  })

  test('has a thousand at once', async (t) => {
    const relay = await startRelay(t)
    assert.equal((await logins(relay.paths, 1000, 1000)).failed, 0)
    await until(() => storedUsers(relay.paths).length === 1000)
    await drained(relay)
    assert.deepEqual(storedUsers(relay.paths).sort(), names(1000))
  })

  test('is held by slow clients: they are closed, and others served meanwhile', async (t) => {
    const relay = await startRelay(t)
    const slow = await openSockets(t, relay.paths.socket, 50)
    const closed = slow.map((socket) => new Promise((done) => socket.on('close', done)))
    for (const socket of slow) socket.resume().write('POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Le')
    assert.equal((await logins(relay.paths, 20, 4)).failed, 0)
    assert.equal(storedUsers(relay.paths).length, 20)
    await Promise.all(closed)
  })
})

describe('the store', () => {
  const config = (url: string, secret: string) =>
    `[notifiers.ops]\ntype = "webhook"\nurl = "${url}"\nsecret_file = "${secret}"\n[[routes]]\nnotify = ["ops"]\n`

  for (const [what, damage] of Object.entries({
    'no database at all': (path: string) => writeFileSync(path, 'x'.repeat(100_000)),
    'an empty header': (path: string) => writeSync(openSync(path, 'r+'), Buffer.alloc(200), 0, 200, 0),
  }))
    test(`is ${what}: it is moved aside, intake goes on, and the history says since when`, async (t) => {
      const relay = await startRelay(t)
      await logins(relay.paths, 3, 1, 'before')
      await relay.stop()
      damage(relay.paths.database)
      const again = await startRelay(t, { root: relay.paths.root })
      await logins(relay.paths, 3, 1, 'after')
      assert.deepEqual(storedUsers(relay.paths), names(3, 'after'))
      const aside = readdirSync(relay.paths.stateDir).find((name) => name.includes('.damaged-'))
      assert.ok(aside)
      assert.match((await health(again)).store.gap ?? '', new RegExp(`damaged and is kept as .*${aside}`))
      const { stdout } = await command(relay.paths.root, 'history')
      assert.match(stdout, /^The history begins 20\d\d-.*: the store before was damaged and is kept as /)
    })

  test('is damaged while the relay runs: a new one begins, and nothing that comes is lost', async (t) => {
    const receiver = await createReceiver(t)
    const paths = pathsBelow(tempDir(t))
    const relay = await startRelay(t, {
      root: paths.root,
      config: config(receiver.url, writeSecret(paths, 'ops', WEBHOOK_SECRET)),
    })
    await logins(paths, 50, 4, 'before')
    await relay.stop()
    // A page that the start does not look at, but every event writes to.
    const db = new DatabaseSync(paths.database)
    const { rootpage } = db.prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'meaning_source'").get() ?? {}
    db.close()
    writeSync(openSync(paths.database, 'r+'), Buffer.alloc(4096, 0x5a), 0, 4096, (Number(rootpage) - 1) * 4096)
    await startRelay(t, { root: paths.root })
    await logins(paths, 10, 2, 'after')
    await until(() => receiver.received.some(({ body }) => body.toString().includes('damaged')))
    await logins(paths, 10, 2, 'later')
    const kept = storedUsers(paths)
    assert.deepEqual(kept.filter((user) => user.startsWith('later')).sort(), names(10, 'later'))
    assert.ok(!kept.some((user) => user.startsWith('before')))
  })

  test('lost a write (EIO): the relay ends rather than believe its disk, and nothing acknowledged is lost', {
    skip: without('strace'),
  }, async (t) => {
    // The 30th time that the disk is asked to keep something it fails: some way behind the start.
    const tamper = '-e trace=fsync,fdatasync -e inject=fsync,fdatasync:error=EIO:when=30'
    const traced = nodeBehind(t, `exec strace -f -qq -o /dev/null ${tamper}`)
    const relay = await startRelay(t, { program: [traced, COMMAND] })
    const ended = once(relay.child, 'exit')
    await logins(relay.paths, 30, 1)
    await ended
    assert.ok(
      relay.output.some((line) => line.includes('the disk lost a write')),
      relay.output.at(-1) ?? '',
    )
    const again = await startRelay(t, { root: relay.paths.root })
    await drained(again)
    await until(() => storedUsers(relay.paths).length === 30)
    assert.deepEqual(storedUsers(relay.paths).sort(), names(30))
  })

  test('of a later release is refused, and not touched', async (t) => {
    const relay = await startRelay(t)
    await logins(relay.paths, 1, 1)
    await relay.stop()
    const db = new DatabaseSync(relay.paths.database)
    db.exec('PRAGMA user_version = 99; PRAGMA wal_checkpoint(TRUNCATE)')
    db.close()
    const before = readFileSync(relay.paths.database)
    const { status, stderr } = await command(relay.paths.root, 'relay')
    assert.equal(status, 4)
    assert.match(stderr, /schema 99; this release knows 1\nthe event store was written by a newer release/)
    assert.ok(readFileSync(relay.paths.database).equals(before))
  })
})

describe('the intake', () => {
  test('refuses two keys of one name, and keeps what came in the log', async (t) => {
    const relay = await startRelay(t)
    const twice = JSON.stringify(loginEvent()).replace('"user":', '"user":"root","user":')
    const logged = relay.logged(({ msg }) => msg === 'not JSON')
    const { status, body } = await relay.ask('POST', '/v1/events', twice)
    assert.deepEqual([status, (body as { message: string }).message], [400, 'key "user" is there twice'])
    assert.equal((await logged).body, twice.replaceAll(/"user":"\w+"/g, '"user":"#"'), 'but for names')
  })

  test('refuses a megabyte without keeping it', async (t) => {
    const relay = await startRelay(t)
    const { status } = await relay
      .ask('POST', '/v1/events', Buffer.alloc(1_048_576, 0x20))
      .catch(() => ({ status: 413 }))
    assert.equal(status, 413)
    assert.equal((await health(relay)).store.events, 0)
  })
})

test('a disk that is full: no false acknowledgement, the spool covers, and it recovers by itself', async (t) => {
  const receiver = await createReceiver(t)
  const paths = pathsBelow(tempDir(t))
  const secret = writeSecret(paths, 'ops', WEBHOOK_SECRET)
  const relay = await startRelay(t, {
    root: paths.root,
    config: `[store]\nmax_size = "256KiB"\n[notifiers.ops]\ntype = "webhook"\nurl = "${receiver.url}"\nsecret_file = "${secret}"\n[[routes]]\nnotify = ["ops"]\n`,
  })
  await logins(paths, 300, 4)
  await until(() => spooled(relay) > 0)
  const full = await relay.ask('GET', '/health')
  assert.equal(full.status, 503)
  assert.match((full.body as Health).problems[0] ?? '', /^events cannot be stored: database or disk is full$/)
  await until(() => receiver.received.some(({ body }) => body.toString().includes('login events cannot be stored')))
  assert.equal((await relay.ask('POST', '/v1/events', JSON.stringify(loginEvent()))).status, 503)

  writeFileSync(paths.config, readFileSync(paths.config, 'utf8').replace('256KiB', '64MiB'))
  relay.child.kill('SIGHUP')
  await drained(relay)
  await until(() => storedUsers(paths).length === 300)
  assert.deepEqual(storedUsers(paths).sort(), names(300))
  await until(() => receiver.received.some(({ body }) => body.toString().includes('login events are stored again')))
})

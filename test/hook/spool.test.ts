// What the hook leaves behind when nobody acknowledges, and what it must never do to leave it.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { parseEvent } from '../../relay/model/event.ts'
import { HOOK, listenAsRelay, pamEnv, runHook, SANITIZED_HOOK } from '../helpers/hook.ts'
import { without } from '../helpers/needs.ts'
import { onEnd, tempDir } from '../helpers/temp.ts'

const env = pamEnv({ PAM_USER: 'alice' })
const silent = { status: 0, stdout: '', stderr: '' }

function spoolDir(t: TestContext): string {
  const directory = join(tempDir(t), 'spool')
  mkdirSync(directory, { mode: 0o700 })
  return directory
}

/** Resolves when the detached child has done its work: files are there, and none is unfinished. */
async function filesIn(directory: string): Promise<string[]> {
  for (;;) {
    const names = readdirSync(directory)
    if (names.length > 0 && names.every((name) => name.endsWith('.json'))) return names
    await new Promise((turn) => setImmediate(turn))
  }
}

async function spooledEvent(directory: string) {
  const [name = '', ...others] = await filesIn(directory)
  assert.deepEqual(others, [])
  const event = parseEvent(readFileSync(join(directory, name), 'utf8'))
  assert.equal(name, `${event.id}.json`)
  assert.equal(statSync(join(directory, name)).mode & 0o777, 0o640)
  return event
}

/** A listener that does this with each connection. */
async function listener(t: TestContext, does: (socket: Socket) => void): Promise<string> {
  const path = join(tempDir(t), 'odd.sock')
  const open = new Set<Socket>()
  const server = createServer((socket) => {
    open.add(socket)
    socket.on('error', () => {})
    does(socket)
  }).listen(path)
  await once(server, 'listening')
  onEnd(t, () => {
    server.close()
    for (const socket of open) socket.destroy()
  })
  return path
}

describe('the event is spooled', () => {
  const answers = { 'closes without a word': '', 'cuts its answer': 'HTTP/1.1 20', 'talks nonsense': 'SSH-2.0\r\n\r\n' }
  for (const [name, answer] of Object.entries(answers))
    test(`when the relay ${name}`, async (t) => {
      const spool = spoolDir(t)
      const socket = await listener(t, (connection) => connection.end(answer))
      assert.deepEqual(await runHook({ env, socket, spool }), silent)
      assert.equal((await spooledEvent(spool)).user, 'alice')
    })

  test('when there is no socket, or a file or a link in its place', async (t) => {
    const dir = tempDir(t)
    const relay = await listenAsRelay(t)
    writeFileSync(join(dir, 'file'), '')
    symlinkSync(relay.socket, join(dir, 'link'))
    for (const name of ['missing', 'file', 'link', 'x'.repeat(200)]) {
      const spool = spoolDir(t)
      assert.deepEqual(await runHook({ env, socket: join(dir, name), spool }), silent)
      await spooledEvent(spool)
    }
  })

  test('when the relay refuses it, whatever for', async (t) => {
    for (const status of [400, 413, 500, 503]) {
      const spool = spoolDir(t)
      const socket = join(tempDir(t), 'relay.sock')
      const server = createHttpServer((_, response) => response.writeHead(status).end()).listen(socket)
      await once(server, 'listening')
      assert.deepEqual(await runHook({ env, socket, spool }), silent)
      await spooledEvent(spool)
      server.close()
    }
  })

  test('when the relay never answers: the login has gone on, and the child gives up in the end', async (t) => {
    const spool = spoolDir(t)
    const socket = await listener(t, (connection) => connection.resume())
    assert.deepEqual(
      await runHook({ env, socket, spool, args: ['--budget-ms', '1'], states: ['blocked-signals'] }),
      silent,
    )
    assert.deepEqual(readdirSync(spool), [], 'it is still waiting for the answer when the login goes on')
    await spooledEvent(spool)
  })

  test('when the answer comes a byte at a time, and too late', async (t) => {
    const spool = spoolDir(t)
    const drips: NodeJS.Timeout[] = []
    const socket = await listener(t, (connection) => {
      const answer = [...'HTTP/1.1 202 Accepted\r\n\r\n']
      drips.push(setInterval(() => connection.write(answer.shift() ?? ''), 500))
    })
    onEnd(t, () => drips.forEach(clearInterval))
    assert.deepEqual(await runHook({ env, socket, spool, args: ['--budget-ms', '1'] }), silent)
    await spooledEvent(spool)
  })

  test('and not when the answer comes after the budget, but in time', async (t) => {
    const spool = spoolDir(t)
    const relay = await listenAsRelay(t)
    const exited = Promise.withResolvers<void>()
    const closed = Promise.withResolvers<void>()
    relay.respond = (request, response) => {
      request.socket.on('close', () => closed.resolve())
      void exited.promise.then(() => response.writeHead(202).end())
    }
    await runHook({ env, socket: relay.socket, spool, args: ['--budget-ms', '1'] })
    exited.resolve()
    await closed.promise
    assert.deepEqual(readdirSync(spool), [])
  })
})

describe('the spool directory is not used', () => {
  test('when others may write there, when it is a link, or when it is a file', async (t) => {
    const socket = '/nonexistent'
    const open = spoolDir(t)
    chmodSync(open, 0o777)
    const target = spoolDir(t)
    const link = join(tempDir(t), 'link')
    symlinkSync(target, link)
    const file = join(tempDir(t), 'file')
    writeFileSync(file, '')
    const good = spoolDir(t)
    for (const spool of [open, link, file, good]) assert.deepEqual(await runHook({ env, socket, spool }), silent)
    await spooledEvent(good)
    // The good one came last: whatever the others were going to do, they had begun before.
    assert.deepEqual([readdirSync(open), readdirSync(target), readFileSync(file, 'utf8')], [[], [], ''])
  })
})

/** Runs the hook and all its children to their end, with strace(1) tampering with system calls. */
async function tampered(spool: string, ...inject: string[]): Promise<void> {
  const rules = inject.flatMap((rule) => ['-e', `inject=${rule}`])
  const traced = ['-f', '-qq', '-o', '/dev/null', '-e', 'trace=openat,write,fsync,linkat,unlinkat', ...rules]
  const hook = [HOOK, '--socket', '/nonexistent', '--spool', spool]
  const items = { PAM_SERVICE: 'sshd', PAM_USER: 'alice', PAM_TYPE: 'open_session' }
  const child = spawn('/usr/bin/strace', [...traced, ...hook], { stdio: ['ignore', 'ignore', 'inherit'], env: items })
  await once(child, 'close')
}

describe('whatever happens while it is spooled', { skip: without('strace') }, () => {
  const steps = ['openat', 'write', 'fsync', 'linkat', 'fsync:2', 'unlinkat']

  for (const step of steps)
    test(`killed at ${step}: what has the final name is whole`, async (t) => {
      const spool = spoolDir(t)
      const [call = '', nth = '1'] = step.split(':')
      await tampered(spool, `${call}:signal=KILL:when=${nth}`)
      const names = readdirSync(spool)
      for (const name of names.filter((name) => name.endsWith('.json'))) {
        const event = parseEvent(readFileSync(join(spool, name), 'utf8'))
        assert.equal(event.user, 'alice')
      }
      const before = steps.indexOf(step) < steps.indexOf('linkat')
      assert.equal(
        names.some((name) => name.endsWith('.json')),
        !before && step !== 'linkat',
      )
    })

  const faults = {
    'a full disk': 'write:error=ENOSPC',
    'a write error': 'fsync:error=EIO',
    'no inode left': 'openat:error=ENOSPC',
  }
  for (const [name, rule] of Object.entries(faults))
    test(`${name}: nothing is left behind`, async (t) => {
      const spool = spoolDir(t)
      await tampered(spool, rule)
      assert.deepEqual(readdirSync(spool), [])
    })
})

test('a user who may write no file cannot keep it from being spooled', async (t) => {
  const spool = spoolDir(t)
  const run = { env, socket: '/nonexistent', spool, states: ['no-file-size'] as const }
  assert.deepEqual(await runHook(run), silent)
  await spooledEvent(spool)
})

test('a spool that holds a hundred thousand events takes no more', async (t) => {
  const spool = spoolDir(t)
  for (let i = 0; i < 100_000; i++) symlinkSync('x', join(spool, `${i}.json`))
  assert.deepEqual(await runHook({ env, socket: '/nonexistent', spool, program: HOOK }), silent)
  const other = spoolDir(t)
  await runHook({ env, socket: '/nonexistent', spool: other, program: SANITIZED_HOOK })
  await spooledEvent(other)
  assert.equal(readdirSync(spool).length, 100_000)
})

import assert from 'node:assert/strict'
import { existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { HOOK, listenAsRelay, PRELOAD, pamEnv, runHook, SANITIZED_HOOK, type State } from '../helpers/hook.ts'
import { tempDir } from '../helpers/temp.ts'

const env = pamEnv({ PAM_USER: 'alice' })
const silent = { status: 0, stdout: '', stderr: '' }

describe('the hook as a process', () => {
  for (const states of [['closed-fds'], ['ignored-signals'], ['blocked-signals']] as State[][])
    for (const program of [HOOK, SANITIZED_HOOK])
      test(`sends with ${states.join(', ')} (${program === HOOK ? 'static' : 'sanitized'})`, async (t) => {
        const relay = await listenAsRelay(t)
        assert.deepEqual(await runHook({ env, states, program, args: ['--socket', relay.socket] }), silent)
        assert.match(await relay.next(), /"user":"alice"/)
      })

  test('exits 0 in silence whatever its arguments are', async () => {
    for (const args of [
      ['--nonsense'],
      ['--outcome', 'maybe'],
      ['--budget-ms', '-1'],
      ['--socket', 'relative'],
      ['--socket'],
    ])
      assert.deepEqual(await runHook({ env, args }), silent)
  })

  test('exits 0 when there is no socket, no listener, or no socket but a file or a link', async (t) => {
    const dir = tempDir(t)
    const relay = await listenAsRelay(t)
    writeFileSync(join(dir, 'file'), '')
    symlinkSync(relay.socket, join(dir, 'link'))
    for (const name of ['missing', 'file', 'link', 'x'.repeat(200)])
      assert.deepEqual(await runHook({ env, args: ['--socket', join(dir, name)] }), silent)
    await runHook({ env: pamEnv({ PAM_USER: 'last' }), args: ['--socket', relay.socket] })
    assert.match(await relay.next(), /"user":"last"/, 'nothing came through the link')
  })

  test('lets the login go on when the relay is slow, and its child hears the answer', async (t) => {
    const relay = await listenAsRelay(t)
    const exited = Promise.withResolvers<void>()
    const answered = Promise.withResolvers<boolean>()
    relay.respond = (request, response) => {
      // Only once the hook has let the login go: a hook that waited for the answer would wait for ever.
      void exited.promise.then(() => {
        answered.resolve(!request.socket.destroyed)
        response.writeHead(202).end()
      })
    }
    assert.deepEqual(await runHook({ env, args: ['--socket', relay.socket, '--budget-ms', '1'] }), silent)
    exited.resolve()
    assert.match(await relay.next(), /"user":"alice"/)
    assert.ok(await answered.promise, 'somebody holds the connection still')
  })

  test('exits 0 when the listener closes without a word, or talks nonsense', async (t) => {
    for (const answer of ['', 'HTTP/1.1 5', 'HTTP/1.1 500 No\r\n\r\n', 'SSH-2.0-OpenSSH\r\n', '\0'.repeat(100)]) {
      const path = join(tempDir(t), 'odd.sock')
      const server = createServer((socket) => socket.on('error', () => {}).end(answer)).listen(path)
      t.after(() => server.close())
      assert.deepEqual(await runHook({ env, args: ['--socket', path] }), silent)
    }
  })

  test('asks for no dynamic linker, so that nothing of the user is loaded into it', async (t) => {
    const elf = readFileSync(HOOK)
    const [offset, size, count] = [Number(elf.readBigUInt64LE(32)), elf.readUInt16LE(54), elf.readUInt16LE(56)]
    const types = Array.from({ length: count }, (_, i) => elf.readUInt32LE(offset + i * size))
    assert.ok(types.includes(1), 'the program headers were found: PT_LOAD')
    assert.ok(!types.includes(3), 'PT_INTERP')

    const marker = join(tempDir(t), 'loaded')
    const planted = [`LD_PRELOAD=${PRELOAD}`, `PRELOAD_MARKER=${marker}`]
    await runHook({ env: planted, program: '/bin/true' })
    assert.ok(existsSync(marker), 'the library does its work in a dynamic program')
    const relay = await listenAsRelay(t)
    const other = join(tempDir(t), 'loaded')
    await runHook({
      env: pamEnv({}, [planted[0] ?? '', `PRELOAD_MARKER=${other}`]),
      program: HOOK,
      args: ['--socket', relay.socket],
    })
    await relay.next()
    assert.ok(!existsSync(other), 'and none in the hook')
  })
})

import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
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
        assert.deepEqual(await runHook({ env, states, program, socket: relay.socket }), silent)
        assert.match(await relay.next(), /"user":"alice"/)
      })

  for (const signal of ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM'] as const)
    test(`goes on after a ${signal} that was meant for the login`, async (t) => {
      const relay = await listenAsRelay(t)
      let hook = 0
      relay.respond = (_, response) => {
        process.kill(hook, signal)
        response.writeHead(202).end('{}')
      }
      const started = (pid: number) => {
        hook = pid
      }
      const args = ['--budget-ms', '10000']
      assert.deepEqual(await runHook({ env, args, started, socket: relay.socket }), silent)
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
      socket: relay.socket,
    })
    await relay.next()
    assert.ok(!existsSync(other), 'and none in the hook')
  })
})

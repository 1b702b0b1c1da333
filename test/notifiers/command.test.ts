import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { command } from '../../relay/notifiers/command.ts'
import { payload } from '../../relay/notifiers/payload.ts'
import { alertOf } from '../helpers/alerts.ts'
import { attemptOf, dependencies } from '../helpers/notifiers.ts'
import { createTcp } from '../helpers/tcp.ts'
import { tempDir } from '../helpers/temp.ts'

const notifierOf = (...argv: string[]) => command.create({ argv }, dependencies())

/** A notifier that runs this script of bash's, in a directory of the test's. */
function scripted(t: TestContext, script: string, ...args: string[]) {
  const dir = tempDir(t)
  const path = join(dir, 'on-login')
  writeFileSync(path, `#!/bin/bash\n${script.replaceAll('DIR', dir)}\n`, { mode: 0o755 })
  return { notifier: notifierOf(path, ...args), dir }
}

/** A connection that a script holds as its descriptor 3, and with it whatever it starts. */
async function tether(t: TestContext) {
  const held = Promise.withResolvers<void>()
  const tcp = await createTcp(t, () => held.resolve())
  const freed = () => Promise.all([...tcp.open].map((socket) => once(socket.resume(), 'close')))
  return { take: `exec 3<>/dev/tcp/127.0.0.1/${tcp.port}`, held: held.promise, freed }
}

describe('command', () => {
  test('the event comes on standard input, and nowhere else', async (t) => {
    const { notifier, dir } = scripted(
      t,
      'cat >DIR/input; env >DIR/env; printf "%s\\n" "$@" >DIR/args; pwd',
      '--quiet',
      '$(id)',
    )
    const alert = alertOf({ user: '$(reboot); `reboot` --evil' })
    assert.deepEqual(await notifier.send(alert, attemptOf()), { kind: 'delivered', receipt: '/' })
    const read = (name: string) => readFileSync(join(dir, name), 'utf8')
    assert.equal(read('input'), `${payload(alert)}\n`)
    assert.equal(read('args'), '--quiet\n$(id)\n')
    const names = [...read('env').matchAll(/^(\w+)=/gm)].map(([, name]) => name)
    // The last three are what bash adds.
    assert.deepEqual(names.sort(), ['LANG', 'PATH', 'PWD', 'SHLVL', '_'])
  })

  test('its exit status says how it ended', async (t) => {
    for (const [status, ends, pause] of [
      [1, 'retry', false],
      [75, 'retry', false],
      [78, 'retry', true],
      [127, 'retry', true],
      [65, 'refused', undefined],
    ] as const) {
      const { notifier } = scripted(t, `echo said; echo "why not" >&2; echo more >&2; exit ${status}`)
      const outcome = await notifier.send(alertOf(), attemptOf())
      assert.ok(outcome.kind === ends && outcome.reason === `exit status ${status}: why not`, JSON.stringify(outcome))
      if (outcome.kind === 'retry') assert.equal(outcome.pause, pause)
    }
    const { notifier } = scripted(t, 'kill -SEGV $$')
    assert.deepEqual(await notifier.send(alertOf(), attemptOf()), {
      kind: 'retry',
      reason: 'killed by SIGSEGV',
      pause: false,
    })
  })

  test('one that is not there, or may not be run, can be mended', async (t) => {
    const plain = join(tempDir(t), 'plain')
    writeFileSync(plain, '')
    for (const [program, why] of [
      ['/nonexistent', /ENOENT/],
      [plain, /EACCES/],
    ] as const) {
      const outcome = await notifierOf(program).send(alertOf(), attemptOf())
      assert.ok(outcome.kind === 'retry' && outcome.pause && why.test(outcome.reason), JSON.stringify(outcome))
    }
  })

  test('its time limit is that of all that it has started', async (t) => {
    const { take, held, freed } = await tether(t)
    const { notifier } = scripted(t, `${take}; trap "" TERM; sleep 1000 & sleep 1000`)
    const controller = new AbortController()
    const sending = notifier.send(alertOf(), attemptOf('k', controller))
    await held
    const free = freed()
    controller.abort()
    assert.equal((await sending).kind, 'retry')
    await free
    assert.equal((await notifier.send(alertOf(), attemptOf('k', controller))).kind, 'retry')
  })

  test('what it leaves behind ends with it; what it has sent away is not waited for', async (t) => {
    const { take, held, freed } = await tether(t)
    const left = scripted(t, `${take}; sleep 1000 & exit 0`)
    assert.equal((await left.notifier.send(alertOf(), attemptOf())).kind, 'delivered')
    await held
    await freed()
    const other = await tether(t)
    // It ends with the connection, that is, with this test.
    const away = scripted(t, `${other.take}; setsid cat <&3 & echo away`)
    assert.deepEqual(await away.notifier.send(alertOf(), attemptOf()), { kind: 'delivered', receipt: 'away' })
  })

  test('it may say as much as it likes, and need not listen', async (t) => {
    const endless = scripted(t, 'yes | head -c 10000000; head -c 1000000 /dev/zero >&2; exit 0')
    assert.deepEqual(await endless.notifier.send(alertOf(), attemptOf()), { kind: 'delivered', receipt: 'y' })
    const alert = { ...alertOf(), text: 'x'.repeat(1_000_000) }
    assert.deepEqual(
      await scripted(t, 'exec <&-; printf "\\033[31mred\\n" >&2; exit 1').notifier.send(alert, attemptOf()),
      {
        kind: 'retry',
        reason: 'exit status 1: [31mred',
        pause: false,
      },
    )
  })

  test('takes only a program with an absolute path', () => {
    for (const argv of [['on-login'], ['./on-login'], ['']])
      assert.throws(() => notifierOf(...argv), /argv must begin with the absolute path/)
  })
})

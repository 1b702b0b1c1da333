// A watched journal: journald itself, and what becomes of it.
import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { after, before, describe, type TestContext, test } from 'node:test'
import { pino } from 'pino'
import { systemClock } from '../../relay/model/clock.ts'
import { readWatches } from '../../relay/model/config/watch.ts'
import { parseToml } from '../../relay/model/toml.ts'
import { createWatches, type Position } from '../../relay/watch/watches.ts'
import { createRecord } from '../helpers/awaited.ts'
import { without } from '../helpers/needs.ts'
import { onEnd } from '../helpers/temp.ts'
import { must, startJournal, stopAll } from './machine.ts'

before(startJournal)
after(stopAll)

const logged = (...messages: string[]) => must('logger', ['--tag', 'app', '--id=77', '--', ...messages])

function watcher(t: TestContext, positions: Map<string, Position>) {
  const users = createRecord<string>()
  const told = createRecord<string>()
  const raw = { journal: true, identifiers: ['app'], name: 'app', pattern: '^user (?P<user>.+)$' }
  const watches = createWatches({
    clock: systemClock,
    log: pino({ level: 'silent' }),
    position: (source) => positions.get(source) ?? null,
    accept: async (events, source, position) => {
      if (position !== null) positions.set(source, position)
      users.add(...events.map(({ user }) => user ?? ''))
    },
    tell: (text) => told.add(text),
  })
  onEnd(t, watches.stop)
  return {
    told,
    users,
    stop: watches.stop,
    start: () => watches.configure(readWatches(parseToml(''), [raw], [])),
    async seen(...names: string[]) {
      await users.until((all) => all.length >= names.length)
      assert.deepEqual(users.all, names)
    },
  }
}

describe('a watched journal', { skip: without('journalctl', 'logger', 'pgrep') }, () => {
  const positions = new Map<string, Position>()

  test('is read from now on, only what is asked for, bytes that are no text escaped', async (t) => {
    await logged('user before')
    const { start, seen } = watcher(t, positions)
    await start()
    await must('logger', ['--tag', 'other', 'user of something else'])
    await logged('user a')
    await logged('user \x01')
    await seen('a', '\\x01')
  })

  test('goes on behind the entry that was read last', async (t) => {
    await logged('user b')
    const { start, seen, told } = watcher(t, positions)
    await start()
    await seen('b')
    await logged('user c')
    await seen('b', 'c')
    assert.deepEqual(told.all, [])
  })

  test('whose journalctl dies is read on by another one', async (t) => {
    const { start, seen, told } = watcher(t, positions)
    await start()
    await logged('user d')
    await seen('d')
    const [pid = ''] = (await must('pgrep', ['-x', 'journalctl'])).split('\n')
    process.kill(Number(pid), 'SIGKILL')
    await told.until(({ length }) => length > 0)
    await logged('user e')
    await seen('d', 'e')
    assert.deepEqual(told.all, ['the journal cannot be read: journalctl has ended'])
  })

  test('that lost the entry is read on, and that is said', async (t) => {
    await stopAll()
    rmSync('/run/log/journal', { recursive: true })
    rmSync('/var/log/journal', { recursive: true, force: true })
    rmSync('/run/systemd/journal', { recursive: true })
    await startJournal()
    await logged('user f')
    const { start, told, seen } = watcher(t, positions)
    await start()
    await told.until(({ length }) => length > 0)
    assert.match(told.all[0] ?? '', /^the journal (no longer has the entry|does not know where it was read last)/)
    await logged('user g')
    await seen('f', 'g')
  })
})

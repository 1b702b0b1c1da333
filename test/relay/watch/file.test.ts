import assert from 'node:assert/strict'
import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { pino } from 'pino'
import { systemClock } from '../../../relay/model/clock.ts'
import { readWatches } from '../../../relay/model/config/watch.ts'
import { parseToml } from '../../../relay/model/toml.ts'
import { createWatches, type Position } from '../../../relay/watch/watches.ts'
import { createRecord } from '../../helpers/awaited.ts'
import { onEnd, tempDir } from '../../helpers/temp.ts'

/** A reader of `dir`/app.log whose store is a map; `users` are those that its lines name. */
function watcher(t: TestContext, dir: string, positions = new Map<string, Position>()) {
  const path = join(dir, 'app.log')
  const users = createRecord<string>()
  const told = createRecord<string>()
  const placed = createRecord<string>()
  const ids: string[] = []
  const times: number[] = []
  const config = readWatches(parseToml(''), [{ file: path, name: 'app', pattern: '^user (?P<user>.+)$' }], [])
  const watches = createWatches({
    clock: systemClock,
    log: pino({ level: 'silent' }),
    position: (source) => positions.get(source) ?? null,
    accept: async (events, source, position) => {
      if (position !== null) {
        positions.set(source, JSON.parse(JSON.stringify(position)))
        placed.add(source)
      }
      ids.push(...events.map(({ id }) => id))
      times.push(...events.map(({ time }) => Date.parse(time)))
      users.add(...events.map(({ user }) => user ?? ''))
    },
    tell: (text) => told.add(text.replaceAll(dir, '')),
  })
  onEnd(t, watches.stop)
  return {
    ...{ path, positions, told, placed, ids, times, watches },
    start: () => watches.configure(config),
    /** Exactly these, in this order. */
    async seen(...names: string[]) {
      await users.until((all) => all.length >= names.length)
      assert.deepEqual(users.all, names)
    },
  }
}

/** As `watcher`, at the end of an empty file. */
async function watching(t: TestContext, dir = tempDir(t)) {
  const watched = watcher(t, dir)
  writeFileSync(watched.path, '')
  await watched.start()
  await watched.placed.until(({ length }) => length > 0)
  return watched
}

const lines = (...names: string[]) => names.map((name) => `user ${name}\n`).join('')

describe('a watched file', () => {
  test('is read from its end when it is new to the relay, and from there on', async (t) => {
    const { path, start, seen, placed } = watcher(t, tempDir(t))
    writeFileSync(path, lines('old'))
    await start()
    await placed.until(({ length }) => length > 0)
    appendFileSync(path, lines('a'))
    appendFileSync(path, 'user b, in ')
    appendFileSync(path, 'two\n')
    await seen('a', 'b, in two')
  })

  test('that appears later is read from its beginning', async (t) => {
    const { path, start, seen, watches } = watcher(t, tempDir(t))
    await start()
    while (watches.health()[path]?.last_error === null) await new Promise((turn) => setImmediate(turn))
    assert.deepEqual(watches.health(), { [path]: { last_error: 'there is no such file yet' } })
    writeFileSync(path, lines('a'))
    await seen('a')
  })

  /** A log of which an earlier run has read `a`, and of which `b` was written since. */
  async function left(t: TestContext) {
    const dir = tempDir(t)
    const first = await watching(t, dir)
    appendFileSync(first.path, lines('a'))
    await first.seen('a')
    await first.watches.stop()
    appendFileSync(first.path, lines('b'))
    return { dir, path: first.path, positions: first.positions }
  }

  test('is believed when it says when, but not of the future', async (t) => {
    const { path, seen, times } = await watching(t)
    const before = Date.now()
    const near = before + 3_600_000
    for (const [time, user] of [
      ['2019-11-20T08:00:00Z', 'past'],
      [new Date(near).toISOString(), 'near'],
      ['2099-11-20T08:00:00Z', 'forged'],
    ])
      appendFileSync(path, `${time} web-1 app[7]: user ${user}\n`)
    await seen('past', 'near', 'forged')
    assert.deepEqual(times.slice(0, 2), [Date.parse('2019-11-20T08:00:00Z'), near])
    const [, , forged = 0] = times
    assert.ok(forged >= before && forged <= Date.now(), new Date(forged).toISOString())
  })

  test('goes on where an earlier run stopped', async (t) => {
    const { dir, positions } = await left(t)
    const again = watcher(t, dir, positions)
    await again.start()
    await again.seen('b')
    assert.deepEqual(again.told.all, [])
  })

  /** logrotate(8): what became of the log. */
  const rotations: [how: string, rotate: (path: string) => void][] = [
    ['renamed', (path) => renameSync(path, `${path}.1`)],
    [
      'copied and truncated',
      (path) => {
        copyFileSync(path, `${path}.1`)
        truncateSync(path)
      },
    ],
    [
      'copied, truncated and grown longer than before',
      (path) => {
        copyFileSync(path, `${path}.1`)
        writeFileSync(path, 'of no user\n'.repeat(100))
      },
    ],
    [
      'renamed and compressed',
      (path) => {
        writeFileSync(`${path}-20261120.gz`, gzipSync(readFileSync(path)))
        rmSync(path)
      },
    ],
  ]
  for (const [how, rotate] of rotations)
    test(`that was ${how} while nobody read it loses no line`, async (t) => {
      const { dir, path, positions } = await left(t)
      rotate(path)
      appendFileSync(path, lines('c'))
      const again = watcher(t, dir, positions)
      await again.start()
      await again.seen('b', 'c')
      assert.deepEqual(again.told.all, [])
    })

  test('that was rotated twice while nobody read it loses no line, and it is said what was read', async (t) => {
    const { dir, path, positions } = await left(t)
    writeFileSync(`${path}.3.gz`, gzipSync(lines('long ago')))
    utimesSync(`${path}.3.gz`, 9e8, 9e8)
    writeFileSync(`${path}.2.gz`, gzipSync(readFileSync(path)))
    utimesSync(`${path}.2.gz`, 1e9, 1e9)
    rmSync(path)
    writeFileSync(`${path}.1`, lines('b2'))
    writeFileSync(path, lines('c'))
    const again = watcher(t, dir, positions)
    await again.start()
    await again.seen('b', 'b2', 'c')
    assert.deepEqual(again.told.all, [
      '/app.log was rotated 2 times while nobody read it; all was read: /app.log.2.gz, /app.log.1',
    ])
  })

  test('of which what followed is nowhere goes on, and says so', async (t) => {
    const { dir, path, positions } = await left(t)
    writeFileSync(path, lines('c'))
    const again = watcher(t, dir, positions)
    await again.start()
    await again.seen('c')
    assert.deepEqual(again.told.all, [
      '/app.log was rotated or truncated, and what it held is nowhere: some of its lines may never have been read',
    ])
  })

  test('that is renamed under the reader is read to its end, also what its writer adds before it knows', async (t) => {
    const { path, seen, told } = await watching(t)
    appendFileSync(path, lines('a'))
    await seen('a')
    renameSync(path, `${path}.1`)
    writeFileSync(path, '')
    appendFileSync(`${path}.1`, lines('late'))
    await seen('a', 'late')
    appendFileSync(path, lines('b'))
    await seen('a', 'late', 'b')
    assert.deepEqual(told.all, [])
  })

  test('that is truncated under the reader is read anew, and its copy for what was missed', async (t) => {
    const { path, seen, told } = await watching(t)
    appendFileSync(path, lines('a'))
    await seen('a')
    copyFileSync(path, `${path}.1`)
    truncateSync(path)
    appendFileSync(path, lines('b'))
    await seen('a', 'b')
    assert.deepEqual(told.all, [])
  })

  test('with an endless line, zeros and bytes that are no text gives what can be read', async (t) => {
    const { path, seen } = await watching(t)
    appendFileSync(path, Buffer.concat([Buffer.alloc(300_000, 'x'), Buffer.from('\n')]))
    appendFileSync(path, Buffer.from('user \xff\0\x1b\n', 'latin1'))
    await seen('\\xff\\x00\\x1b')
  })

  test('that is read again after a crash gives the same events', async (t) => {
    const { dir, path, positions } = await left(t)
    appendFileSync(path, lines('2026-11-20T08:00:00+00:00 web-1 app[1]: x'))
    const before = new Map(positions)
    const once = watcher(t, dir, positions)
    await once.start()
    await once.seen('b', '2026-11-20T08:00:00+00:00 web-1 app[1]: x')
    const again = watcher(t, dir, before)
    await again.start()
    await again.seen('b', '2026-11-20T08:00:00+00:00 web-1 app[1]: x')
    // But for the time: the lines do not say when.
    const marks = ({ ids }: { ids: string[] }) => ids.map((id) => id.slice(14))
    assert.deepEqual(marks(again), marks(once))
  })

  test('that is no file is told of once, and read as soon as it is one', async (t) => {
    const { path, start, seen, told, placed, watches } = watcher(t, tempDir(t))
    mkdirSync(path)
    await start()
    await told.until(({ length }) => length > 0)
    assert.match(watches.health()[path]?.last_error ?? '', /is not a plain file$/)
    rmdirSync(path)
    writeFileSync(path, '')
    await placed.until(({ length }) => length > 0)
    appendFileSync(path, lines('a'))
    await seen('a')
    assert.deepEqual(told.all, ['the log /app.log cannot be read: /app.log is not a plain file'])
  })
})

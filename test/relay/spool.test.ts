import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { pino } from 'pino'
import type { LoginEvent } from '../../relay/model/event.ts'
import { createSpool } from '../../relay/spool.ts'
import { loginEvent } from '../helpers/alerts.ts'
import { type ManualClock, manualClock } from '../helpers/clock.ts'
import { onEnd, tempDir } from '../helpers/temp.ts'

const log = pino({ level: 'silent' })

interface Refusal {
  refuse: Error | null
}

function setUp(t: TestContext, clock: ManualClock = manualClock()) {
  const directory = join(tempDir(t), 'spool')
  mkdirSync(directory, { mode: 0o700 })
  const taken: string[] = []
  const store: Refusal = { refuse: null }
  const spool = createSpool({
    directory,
    clock,
    log,
    async accept(event) {
      if (store.refuse) throw store.refuse
      taken.push(event.id)
    },
  })
  onEnd(t, spool.stop)
  const leave = (event: LoginEvent, text = JSON.stringify(event), name = `${event.id}.json`) => {
    writeFileSync(join(directory, name), text)
    return event.id
  }
  /** Resolves when nothing is left to take in. */
  const empty = async () => {
    while ((await spool.health()).files > 0) await new Promise((turn) => setImmediate(turn))
  }
  return { directory, clock, taken, store, spool, leave, empty }
}

describe('the spool', () => {
  test('is taken in at the start, oldest event first, and each file is removed', async (t) => {
    const { directory, spool, taken, leave, empty } = setUp(t)
    const events = Array.from({ length: 300 }, () => loginEvent())
    for (const event of events.toReversed()) leave(event)
    spool.start()
    await empty()
    assert.deepEqual(
      taken,
      events.map(({ id }) => id),
    )
    assert.deepEqual(readdirSync(directory), [])
  })

  test('takes in what comes later, without being asked', async (t) => {
    const { spool, taken, leave, empty } = setUp(t)
    spool.start()
    await empty()
    const id = leave(loginEvent())
    await empty()
    assert.deepEqual(taken, [id])
  })

  test('a file stays until the store has taken it', async (t) => {
    const { directory, clock, store, spool, taken, leave, empty } = setUp(t)
    const id = leave(loginEvent())
    store.refuse = new Error('disk full')
    spool.start()
    while ((await spool.health()).last_error === null) await new Promise((turn) => setImmediate(turn))
    assert.deepEqual([readdirSync(directory), (await spool.health()).last_error], [[`${id}.json`], 'disk full'])
    store.refuse = null
    await clock.advance(5000)
    await empty()
    assert.deepEqual([taken, readdirSync(directory)], [[id], []])
  })

  test('what is torn, foreign or no file is set aside, and the rest is taken in', async (t) => {
    const { directory, spool, taken, leave, empty } = setUp(t)
    const good = [leave(loginEvent())]
    const torn = loginEvent()
    leave(torn, JSON.stringify(torn).slice(0, -20))
    const other = loginEvent()
    leave(loginEvent(), JSON.stringify(other), `${other.id.replace(/.$/, 'f')}.json`)
    const twice = loginEvent()
    leave(twice, JSON.stringify(twice).replace('"user":', '"user":"root","user":'))
    const extra = loginEvent()
    leave(extra, JSON.stringify({ ...extra, more: 1 }))
    const big = loginEvent()
    leave(big, `${JSON.stringify(big)}${' '.repeat(70_000)}`)
    const link = loginEvent()
    symlinkSync('/etc/hostname', join(directory, `${link.id}.json`))
    const folder = loginEvent()
    mkdirSync(join(directory, `${folder.id}.json`))
    good.push(leave(loginEvent()))
    writeFileSync(join(directory, 'README'), 'not looked at')
    spool.start()
    await empty()
    assert.deepEqual(taken, good)
    assert.deepEqual(readdirSync(directory).sort(), ['README', 'bad'])
    assert.equal(readdirSync(join(directory, 'bad')).length, 7)
    assert.ok(readFileSync(join(directory, 'bad', `${torn.id}.json`), 'utf8').length > 100, 'nothing of it is lost')
  })

  test('what a killed hook left unfinished is taken in if it is whole, once no hook can be at it', async (t) => {
    const id = (ms: number) =>
      `${ms
        .toString(16)
        .padStart(12, '0')
        .replace(/^(.{8})/, '$1-')}-7000-8000-000000000001`
    const clock = manualClock()
    const { directory, spool, taken, empty } = setUp(t, clock)
    const old = { ...loginEvent(), id: id(clock.now() - 61_000) }
    const fresh = { ...loginEvent(), id: id(clock.now() - 1000) }
    const cut = { ...loginEvent(), id: id(clock.now() - 99_000) }
    for (const event of [old, fresh]) writeFileSync(join(directory, `.${event.id}.new`), JSON.stringify(event))
    writeFileSync(join(directory, `.${cut.id}.new`), '{"v":1,')
    spool.start()
    await empty()
    assert.deepEqual(taken, [old.id])
    assert.ok(existsSync(join(directory, `.${fresh.id}.new`)))
    assert.deepEqual(readdirSync(join(directory, 'bad')), [`.${cut.id}.new`])
  })

  test('says how much waits, and since when', async (t) => {
    const clock = manualClock(0x019a00000000 + 90_000)
    const { spool, leave } = setUp(t, clock)
    leave(loginEvent())
    leave(loginEvent())
    assert.deepEqual(await spool.health(), { files: 2, oldest_s: 90, last_error: null })
  })
})

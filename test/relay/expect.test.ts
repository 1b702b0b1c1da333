import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import type { Alert } from '../../relay/model/alert.ts'
import type { LoginEvent } from '../../relay/model/event.ts'
import type { Announcement } from '../../relay/model/expectation.ts'
import { loginEvent } from '../helpers/alerts.ts'
import { type ManualClock, manualClock } from '../helpers/clock.ts'
import { openTables } from '../helpers/database.ts'
import { startPipeline } from '../helpers/pipeline.ts'
import { command, startRelay } from '../helpers/relay.ts'

const MINUTE = 60_000
const deploy: Announcement = { user: 'deploy', source: ['10.0.0.0/8'], reason: null, durationMs: 10 * MINUTE }

function start(t: TestContext, clock: ManualClock, path?: string) {
  const tables = openTables(t, path)
  const pipeline = startPipeline({ tables, clock })
  tables.beforeClose(pipeline.stop)
  return {
    ...pipeline,
    tables,
    come: (fields: Partial<LoginEvent> = {}) =>
      pipeline.take(loginEvent({ user: 'deploy', rhost: '10.1.2.3', time: `${iso(clock)}000Z`, ...fields })),
    told: (): Alert[] =>
      tables.db
        .prepare('SELECT alert FROM delivery ORDER BY id')
        .all()
        .map(({ alert }) => JSON.parse(String(alert))),
  }
}

const iso = (clock: ManualClock) => new Date(clock.now()).toISOString().slice(0, -1)

describe('an expectation', () => {
  test('holds back what was announced, and tells how much that was when it ends by itself', async (t) => {
    const clock = manualClock()
    const { come, told, expectations } = start(t, clock)
    expectations.add({ ...deploy, reason: 'nightly' })
    await come()
    await come({ service: 'vsftpd' })
    assert.deepEqual(told(), [])
    assert.equal(expectations.list()[0]?.held, 2)
    await clock.advance(10 * MINUTE)
    const [alert, ...more] = told()
    assert.match(
      alert?.text ?? '',
      /^expected \(nightly\): 2 logins for deploy from 10\.1\.2\.3 on web-1; last \d\d:\d\d$/,
    )
    assert.deepEqual([alert?.count, more, expectations.list()], [2, [], []])
    await come({ user: 'deploy', service: 'sftp' })
    assert.equal(told().length, 2, 'after it, all is as before')
  })

  test('whoever else comes, from elsewhere, or is refused, is told', async (t) => {
    const { come, told, expectations } = start(t, manualClock())
    expectations.add(deploy)
    await come({ rhost: '192.0.2.7' })
    await come({ rhost: null })
    await come({ user: 'root' })
    await come({ type: 'auth', outcome: 'failure' })
    assert.equal(told().length, 4)
  })

  test('a break-in is told even if its login was announced', async (t) => {
    const { come, told, expectations } = start(t, manualClock())
    for (let i = 0; i < 5; i++) await come({ type: 'auth', outcome: 'failure' })
    expectations.add(deploy)
    await come()
    assert.match(told().at(-1)?.title ?? '', /deploy got in after 5 failures/)
  })

  test('without a source it covers what the user becomes, too; without a user all from there', async (t) => {
    const { come, told, expectations } = start(t, manualClock())
    expectations.add({ ...deploy, source: [] })
    await come({ rhost: null, service: 'sudo', ruser: 'deploy', user: 'root' })
    await come({ rhost: '192.0.2.7' })
    expectations.add({ ...deploy, user: null })
    await come({ user: 'eve' })
    assert.deepEqual(told(), [])
  })

  test('ends before its time when it is told to', async (t) => {
    const { come, told, expectations } = start(t, manualClock())
    const id = expectations.add(deploy)
    await come()
    assert.deepEqual([expectations.end(id), expectations.end(id)], [true, false])
    assert.equal(told()[0]?.count, 1)
  })

  test('lasts over a restart, but no longer than it was to last, whatever the clock did', async (t) => {
    for (const jump of [0, 86_400_000, -86_400_000]) {
      const clock = manualClock()
      const first = start(t, clock)
      first.expectations.add(deploy)
      await first.come()
      first.stop()
      first.tables.db.close()
      clock.setWall(clock.now() + jump)
      const second = start(t, clock, first.tables.path)
      if (jump <= 0) await second.come()
      await clock.advance(10 * MINUTE)
      const counts = second.told().map(({ count }) => count)
      assert.deepEqual([counts, second.expectations.list()], [[jump <= 0 ? 2 : 1], []], `jump ${jump}`)
    }
  })

  test('is announced, listed and ended by the command', async (t) => {
    const { paths, ask } = await startRelay(t)
    const run = (...args: string[]) => command(paths.root, 'expect', ...args)
    for (const [args, says] of [
      [['--for', '10m'], /say who comes/],
      [['--user', 'deploy'], /say for how long/],
      [['--user', 'deploy', '--for', '8d'], /no longer than a week/],
      [['--source', 'home', '--for', '1h'], /neither an address nor a network/],
    ] as const) {
      const { status, stderr } = await run(...args)
      assert.equal(status, 2)
      assert.match(stderr, says)
    }
    assert.equal((await run('--list')).stdout, 'Nothing is expected.\n')
    const made = await run('--user', 'deploy', '--source', '10.0.0.0/8', '--for', '10m', '--reason', 'nightly')
    assert.match(
      made.stdout,
      /^deploy from 10\.0\.0\.0\/8: successes are counted until .+, and told then\.\n.*--end 1 /,
    )
    await ask('POST', '/v1/events', JSON.stringify(loginEvent({ user: 'deploy', rhost: '10.1.2.3' })))
    const page = await ask('GET', '/v1/events?wait_s=30')
    assert.equal((page.body as { events: unknown[] }).events.length, 1)
    assert.match((await run('--list')).stdout, /^1 {2}deploy from 10\.0\.0\.0\/8 until .+ \(nightly\): 1 so far\n$/)
    assert.match((await command(paths.root, 'status')).stdout, /Expected, and not told one by one:\n {2}1 {2}deploy/)
    const bad = { user: null, source: ['x'], reason: null, durationMs: 1000 }
    assert.equal((await ask('POST', '/v1/expectations', JSON.stringify(bad))).status, 400)
    assert.equal((await run('--end', '1')).stdout, 'It has ended; what came is told now.\n')
    assert.equal((await run('--end', '1')).status, 1)
  })
})

// A watched log and the relay as a process: what PAM and the log tell becomes one alert, over restarts.
import assert from 'node:assert/strict'
import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import type { EventRecord } from '../../../relay/model/event.ts'
import type { Meaning } from '../../../relay/model/meaning.ts'
import { loginEvent } from '../../helpers/alerts.ts'
import { type RunningRelay, startRelay } from '../../helpers/relay.ts'
import { tempDir } from '../../helpers/temp.ts'

const CONFIG = (file: string) => `
[[watch]]
file = "${file}"
rules = "openssh"

[[watch]]
file = "${file}"
name = "app"
pattern = '^login of (?P<user>\\S+) failed'
`

/** Records and meanings from `after` on, once there are `count` of them. */
async function events({ ask }: RunningRelay, after: number, count: number) {
  const found: { record: EventRecord; meaning: Meaning }[] = []
  while (found.length < count) {
    const { body } = await ask('GET', `/v1/events?after=${after + found.length}&wait_s=20`)
    found.push(...(body as { events: typeof found }).events)
  }
  return found
}

/** Resolves when the reader waits for the log to appear: it is then read from its beginning. */
async function watching(t: TestContext, root: string, log: string) {
  const relay = await startRelay(t, { root, config: CONFIG(log) })
  for (;;) {
    const { body } = await relay.ask('GET', '/health')
    if ((body as { watch: Record<string, { last_error: string | null }> }).watch[log]?.last_error) return relay
  }
}

const now = () => new Date().toISOString().replace('Z', '000Z')
const failed = (pid: number, user = 'root') =>
  `${now()} web-1 sshd[${pid}]: Failed password for ${user} from 192.0.2.7 port 4022 ssh2\n`

describe('a relay that watches a log', () => {
  test('tells once of what PAM and the log tell, and reads on after a restart', async (t) => {
    const root = tempDir(t)
    const log = join(root, 'auth.log')
    const relay = await watching(t, root, log)
    writeFileSync(log, failed(7))
    const [first] = await events(relay, 0, 1)
    assert.deepEqual([first?.record.type, first?.record.log?.rule, first?.meaning.tells], ['auth', 'openssh/failed', 1])

    const hook = loginEvent({ time: now(), type: 'auth', outcome: 'failure', user: 'root', pid: 7 })
    await relay.ask('POST', '/v1/events', JSON.stringify(hook))
    const [second] = await events(relay, 1, 1)
    assert.deepEqual([second?.record.id, second?.meaning.tells, second?.meaning.same_as], [hook.id, 0, 1])

    await relay.stop('SIGKILL')
    appendFileSync(log, `${now()} web-1 app[9]: login of admin failed\n${failed(8)}`)
    const again = await startRelay(t, { root })
    const later = await events(again, 2, 2)
    assert.deepEqual(
      later.map(({ record }) => [record.seq, record.type, record.user]),
      [
        [3, 'log', 'admin'],
        [4, 'auth', 'root'],
      ],
    )
    const said = () => [...relay.output, ...again.output].filter((line) => /^(root:|app on)/.test(line))
    while (said().length < 2) await new Promise((turn) => setImmediate(turn))
    assert.deepEqual(said().slice(0, 2), [
      'root: password refused on web-1 (sshd) from 192.0.2.7',
      'app on web-1 (app): login of admin failed',
    ])
    const { body } = await again.ask('GET', '/health')
    assert.deepEqual((body as { watch: unknown }).watch, { [log]: { last_error: null } })
  })

  test('keeps no name that may be a password, not in the line either', async (t) => {
    const root = tempDir(t)
    const log = join(root, 'auth.log')
    const relay = await watching(t, root, log)
    writeFileSync(log, failed(7, 'invalid user hunter2-Secret!'))
    const [event] = await events(relay, 0, 1)
    assert.match(event?.record.user ?? '', /^#/)
    assert.doesNotMatch(JSON.stringify(event), /hunter2/)
  })
})

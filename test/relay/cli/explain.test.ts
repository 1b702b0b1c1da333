import assert from 'node:assert/strict'
import { hostname } from 'node:os'
import { describe, type TestContext, test } from 'node:test'
import { pathsBelow } from '../../../relay/model/paths.ts'
import { command, writeConfig } from '../../helpers/relay.ts'
import { tempDir } from '../../helpers/temp.ts'

const CONFIG = `
[notifiers.phone]
type = "journal"
template = { text = "{user} {source}" }
[notifiers.ops]
type = "journal"

[[routes]]
match = { user = "robot" }
notify = []

[[routes]]
name = "night"
match = { user = "root" }
mute = ["sleep"]
notify = ["phone", "ops"]

[[routes]]
match = { outcome = "failure" }
notify = ["phone"]
group_by = ["source"]

[[mute]]
name = "sleep"
times = ["22:00-07:00"]
time_zone = "Europe/Berlin"

[[inhibit]]
name = "flood"
source = { situation = "brute_force" }
target = { outcome = "failure" }
`

function start(t: TestContext, config: string | null = CONFIG) {
  const root = tempDir(t)
  if (config !== null) writeConfig(pathsBelow(root), config)
  return async (...args: string[]) => {
    const { stdout, stderr, status } = await command(root, 'config', 'explain', ...args)
    return { status, stderr, lines: stdout.trimEnd().split('\n').slice(1) }
  }
}

describe('config explain', () => {
  test('says which route takes an event, and what is sent when and to whom', async (t) => {
    const explain = start(t)
    assert.deepEqual((await explain('--user', 'root', '--source', '192.0.2.7', '--at', '2026-11-20T23:00Z')).lines, [
      'routes[2] (night) in line 12 takes it.',
      '  phone, priority 0: muted (sleep): counted, and told in 7 h',
      `    ${hostname().split('.')[0]}: root logged in | root 192.0.2.7`,
      '  ops, priority 0: muted (sleep): counted, and told in 7 h',
    ])
    assert.deepEqual((await explain('--user', 'robot')).lines, [
      'routes[1] in line 8 takes it.',
      'It is stored and counted, not sent.',
    ])
    assert.deepEqual((await explain('--user', 'bob')).lines, [
      'No route takes it.',
      'It is stored and counted, not sent.',
    ])
  })

  test('tells machines the same', async (t) => {
    const root = tempDir(t)
    writeConfig(pathsBelow(root), CONFIG)
    const { stdout } = await command(root, ...['config', 'explain', '--user', 'bob', '--type', 'auth', '--json'])
    const { routes, messages, inhibited_while } = JSON.parse(stdout)
    assert.deepEqual(routes, [{ route: 'routes[3]', line: 18 }])
    assert.deepEqual(
      [messages.length, messages[0].notifier, messages[0].text, messages[0].group.intervalMs, inhibited_while],
      [1, 'phone', 'bob -', 300_000, ['flood']],
    )
  })

  test('knows the default routes, and a break-in', async (t) => {
    const explain = start(t, null)
    assert.deepEqual((await explain('--user', 'bob', '--source', '192.0.2.7', '--situation', 'break_in')).lines, [
      'routes[3] of the default routes takes it.',
      '  journal, priority 1: at once, each one',
    ])
  })

  test('refuses what is no event, and a file with errors', async (t) => {
    const explain = start(t)
    const { status, stderr } = await explain('--type', 'dance')
    assert.equal(status, 2)
    assert.match(stderr, /--type dance: is none of auth, account/)
    assert.match((await explain('--at', 'soon')).stderr, /--at soon: must be a time/)
    const broken = await start(t, 'x = 1')('--user', 'bob')
    assert.equal(broken.status, 1)
    assert.match(broken.stderr, /config\.toml:1: x: unknown key/)
  })
})

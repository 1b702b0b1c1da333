import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { appendFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { pathsBelow } from '../../relay/model/paths.ts'
import { at, pamFailure } from '../helpers/logs.ts'
import { command, writeConfig } from '../helpers/relay.ts'
import { tempDir } from '../helpers/temp.ts'

interface Alert {
  time: string
  notifiers: string[]
  text: string
  count: number
}

async function replayed(t: TestContext, log: string | Buffer, { config = '', name = 'auth.log' } = {}) {
  const root = tempDir(t)
  if (config !== '') writeConfig(pathsBelow(root), config)
  const file = join(root, name)
  writeFileSync(file, log)
  const { status, stdout, stderr } = await command(root, 'replay', '--json', file)
  assert.equal(status, 0, stderr)
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  const { summary } = lines.pop()
  return { alerts: lines as Alert[], summary }
}

/** An attacker's connection as a Debian server logs it: three passwords, of which each counts once. */
const attack = (second: number, pid: number, rhost: string) => [
  at(second, `sshd[${pid}]: ${pamFailure('root', rhost)}`),
  at(second + 2, `sshd[${pid}]: Failed password for root from ${rhost} port 4022 ssh2`),
  at(second + 8, `sshd[${pid}]: message repeated 2 times: [ Failed password for root from ${rhost} port 4022 ssh2]`),
  at(second + 9, `sshd[${pid}]: Connection closed by authenticating user root ${rhost} port 4022 [preauth]`),
  at(
    second + 9,
    `sshd[${pid}]: PAM 2 more authentication failures; logname= uid=0 euid=0 tty=ssh ruser= rhost=${rhost}  user=root`,
  ),
]

const morning = [
  ...attack(0, 7, '192.0.2.7'),
  at(30, 'klogind[9]: Authentication failed from 192.0.2.9 (192.0.2.9): Software caused connection abort'),
  ...attack(60, 8, '192.0.2.8'),
  ...attack(120, 9, '192.0.2.7'),
  at(200, 'su[20]: pam_unix(su:session): session opened for user news by (uid=0)'),
  at(201, 'su[20]: pam_unix(su:session): session closed for user news'),
]
const log = morning.map((line) => `${line}\n`).join('')

describe('pam-alert replay', () => {
  test('tells each attempt once, the repeats as a count, at the time when it would have left', async (t) => {
    const { alerts, summary } = await replayed(t, log)
    assert.deepEqual(
      alerts.map(({ time, count, text }) => [time.slice(11, 19), count, text.replace(/; last .*/, '')]),
      [
        ['08:00:00', 1, 'root: password refused on web-1 (sshd) from 192.0.2.7'],
        ['08:01:00', 1, 'root: password refused on web-1 (sshd) from 192.0.2.8'],
        ['08:03:20', 1, 'news logged in to web-1 (su), for the first time'],
        ['08:05:00', 5, '5 more refused logins for root from 192.0.2.7 on web-1 in 2 min'],
        ['08:06:00', 2, '2 more refused logins for root from 192.0.2.8 on web-1'],
      ],
    )
    assert.deepEqual(summary, {
      ...{ lines: 18, ignored: 1, accepted: 1, refused: 9, closed: 1, other: 0, sessions: 1 },
      sources: { '192.0.2.7': { accepted: 0, refused: 6 }, '192.0.2.8': { accepted: 0, refused: 3 } },
      ...{ alerts: 5, folded: 5, silent: 1, same: 9 },
    })
    const told = alerts.reduce((sum, { count }) => sum + count, 0)
    assert.equal(told + summary.silent, summary.accepted + summary.refused + summary.closed)
  })

  test('reads compressed logs, several, and standard input as it reads a file', async (t) => {
    const plain = await replayed(t, log)
    assert.deepEqual(await replayed(t, gzipSync(log), { name: 'auth.log.2.gz' }), plain)
    const dir = tempDir(t)
    writeFileSync(join(dir, 'auth.log.1'), morning.slice(0, 5).join('\n'))
    const main = join(import.meta.dirname, '../../relay/cli/main.ts')
    const args = [main, '--root', dir, 'replay', '--json', join(dir, 'auth.log.1'), '-']
    const { stdout } = spawnSync(process.execPath, args, { input: morning.slice(5).join('\n'), encoding: 'utf8' })
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    assert.deepEqual([lines.at(-1).summary, lines.slice(0, -1)], [plain.summary, plain.alerts])
  })

  test('follows the routes and the watches of today', async (t) => {
    const config = `
[notifiers.one]
type = "journal"
[notifiers.two]
type = "journal"

[[routes]]
match = { rule = "openssh/authentication-failure", source = "192.0.2.8" }
notify = ["one", "two"]

[[routes]]
match = { type = "log" }
notify = ["two"]

[[routes]]
notify = []

[[watch]]
file = "/var/log/auth.log"
rules = "openssh"

[[watch]]
file = "/var/log/auth.log"
name = "kerberos"
pattern = '^Authentication failed from (?P<rhost>\\S+)'
`
    const { alerts, summary } = await replayed(t, log, { config })
    assert.deepEqual(
      alerts.map(({ notifiers, text }) => [notifiers.join(), text.slice(0, 64)]),
      [
        ['two', 'kerberos on web-1 (klogind) from 192.0.2.9: Authentication faile'],
        ['one,two', 'root: password refused on web-1 (sshd) from 192.0.2.8'],
      ],
    )
    assert.deepEqual([summary.ignored, summary.silent, summary.other], [2, 8, 1])
  })

  test('of a log without years ends in the year in which it was written last', async (t) => {
    const root = tempDir(t)
    const file = join(root, 'messages.1')
    const line =
      'web-1 sshd(pam_unix)[7]: authentication failure; logname= uid=0 euid=0 tty=NODEVssh ruser= rhost=192.0.2.7'
    writeFileSync(file, `Dec 31 23:59:59 ${line}\r\n`)
    appendFileSync(file, `Jan  1 00:10:00 ${line}  user=root\r\n`)
    utimesSync(file, new Date('2006-01-02'), new Date('2006-01-02'))
    const { stdout } = await command(root, 'replay', file)
    assert.match(
      stdout,
      /^2005-12-31 23:59:59 {2}journal {2}someone: password refused on web-1 \(sshd\) from 192\.0\.2\.7$/m,
    )
    assert.match(stdout, /^2006-01-01 00:10:00 {2}journal {2}root: password refused/m)
    assert.match(stdout, /^ +2 {2}lines, 0 of them without a rule that knows them$/m)
  })

  test('says which log it cannot read', async (t) => {
    const root = tempDir(t)
    writeFileSync(join(root, 'broken.gz'), 'not compressed')
    for (const name of ['missing.log', 'broken.gz', '.']) {
      const { status, stderr } = await command(root, 'replay', join(root, name))
      assert.equal(status, 1)
      assert.ok(stderr.startsWith(`${join(root, name)}: `), stderr)
      assert.match(stderr, /the log cannot be read/)
    }
  })
})

// Who may do what on a machine with pam-alert: nobody but root can reach, read or replace any part of
// it; and an upgrade while people log in loses none of them.
import assert from 'node:assert/strict'
import { existsSync, lstatSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { pathsBelow } from '../../relay/model/paths.ts'
import { loginEvent } from '../helpers/alerts.ts'
import { logins, storedUsers } from '../helpers/logins.ts'
import { without } from '../helpers/needs.ts'
import { WEBHOOK_SECRET } from '../helpers/notifiers.ts'
import { createReceiver, type Receiver } from '../helpers/receiver.ts'
import { until } from '../helpers/until.ts'
import { forgetPamAlert, installSh, machine, must, pamAlert, pamFiles, run, startJournal, stopAll } from './machine.ts'

const paths = pathsBelow('/')

/** What only root, or the relay, may look into. */
const PRIVATE = [
  paths.runDir,
  paths.socket,
  paths.secrets,
  `${paths.secrets}/ops`,
  paths.stateDir,
  paths.database,
  `${paths.database}-wal`,
  paths.hostKey,
  paths.lastGoodConfig,
  paths.spool,
]
/** What all may see, and only root may change. */
const PUBLIC = [
  paths.lib,
  paths.hook,
  `${paths.lib}/node`,
  `${paths.lib}/pam-alert.cjs`,
  paths.command,
  paths.config,
  '/etc/init.d/pam-alert',
]
/** Where the relay itself has nothing to change. */
const ROOTS_OWN = [...PUBLIC, paths.runDir, paths.socket, paths.secrets, `${paths.secrets}/ops`]

const as = (user: string, script: string, ...args: string[]) =>
  run('setpriv', [
    `--reuid=${user}`,
    `--regid=${user === 'nobody' ? 'nogroup' : user}`,
    '--clear-groups',
    'sh',
    '-c',
    script,
    'sh',
    ...args,
  ])

/** Everything that could put something else in its place. */
const REPLACE = `
chmod 777 "$1"; chown "$(id -u)" "$1"
: >>"$1"
mv "$1" "$1.moved"; rm -rf "$1"; ln -sfn /tmp/other "$1"; touch "$1.new" && mv -T "$1.new" "$1"
[ ! -d "$1" ] || touch "$1/planted"
exit 0`

/** What there is at a path, and in it. */
function stateOf(path: string) {
  const { ino, mode, uid, gid, ctimeMs } = lstatSync(path)
  return { ino, mode, uid, gid, ctimeMs, entries: lstatSync(path).isDirectory() ? readdirSync(path) : null }
}

/** Of a socket: connecting. */
const CONNECT = `
const socket = require('node:net').connect(process.argv[1])
socket.on('connect', () => process.exit(0)).on('error', ({ code }) => process.exit(code === 'EACCES' ? 13 : 1))`

describe('on a machine with pam-alert', { skip: without('setpriv', 'npm', 'journalctl') }, () => {
  let receiver: Receiver

  before(async () => {
    await startJournal()
    await forgetPamAlert()
    receiver = await createReceiver(machine)
    const installed = await installSh('--yes')
    assert.equal(installed.status, 0, installed.stdout + installed.stderr)
    writeFileSync(`${paths.secrets}/ops`, WEBHOOK_SECRET, { mode: 0o600 })
    writeFileSync(
      paths.config,
      `[notifiers.ops]\ntype = "webhook"\nurl = "${receiver.url}"\nsecret_file = "${paths.secrets}/ops"\n`,
    )
    await must('/etc/init.d/pam-alert', ['restart'])
    await pamAlert('test')
  })
  after(stopAll)

  for (const path of PRIVATE)
    test(`nobody else reads or reaches ${path}`, async () => {
      assert.ok(existsSync(path))
      const { status } = await as('nobody', '[ -d "$1" ] && exec ls "$1"; exec cat "$1"', path)
      assert.notEqual(status, 0)
      if (path === paths.socket)
        assert.equal((await as('nobody', `exec ${paths.lib}/node -e "$2" "$1"`, path, CONNECT)).status, 13)
    })

  for (const path of [...PRIVATE, ...PUBLIC])
    test(`nobody else replaces or changes ${path}`, async () => {
      const before = stateOf(path)
      await as('nobody', REPLACE, path)
      assert.deepEqual(stateOf(path), before)
    })

  for (const path of ROOTS_OWN)
    test(`the relay's own user does not replace or change ${path}`, async () => {
      const before = stateOf(path)
      await as('pam-alert', REPLACE, path)
      assert.deepEqual(stateOf(path), before)
    })

  test("the relay's own user can read no secret, and forge no event in the spool", async () => {
    assert.notEqual((await as('pam-alert', 'cat "$1"', `${paths.secrets}/ops`)).status, 0)
    const forged = loginEvent({ user: 'forged' })
    const planted = await as(
      'pam-alert',
      'umask 0; printf %s "$2" >"$1"',
      `${paths.spool}/${forged.id}.json`,
      JSON.stringify(forged),
    )
    assert.equal(planted.status, 0, 'its group may write there')
    await until(() => existsSync(`${paths.spool}/bad/${forged.id}.json`))
    assert.ok(!storedUsers(paths).includes('forged'))
  })

  test('the memory of the relay, which holds the secrets, is neither dumped nor read', async () => {
    const pid = readFileSync('/run/pam-alert.pid', 'utf8').trim()
    assert.match(readFileSync(`/proc/${pid}/limits`, 'utf8'), /^Max core file size +0 +0 /m)
    for (const file of ['environ', 'mem', 'maps'])
      assert.notEqual((await as('nobody', 'head -c 1 "$1"', `/proc/${pid}/${file}`)).status, 0, file)
  })

  test('an upgrade while people log in loses none, and keeps the configuration', async (t) => {
    const config = readFileSync(paths.config, 'utf8')
    const files = pamFiles()
    let upgrading = true
    const upgrade = installSh('--yes').finally(() => {
      upgrading = false
    })
    const users: string[] = []
    for (let round = 0; upgrading; round++) {
      const { failed } = await logins(paths, 50, 4, `r${round}u`, paths.hook)
      assert.equal(failed, 0)
      users.push(...Array.from({ length: 50 }, (_, i) => `r${round}u${i}`))
    }
    const { status, stderr } = await upgrade
    assert.equal(status, 0, stderr)
    await until(() => readdirSync(paths.spool).every((name) => !name.endsWith('.json')))
    const stored = storedUsers(paths).filter((user) => /^r\d+u\d+$/.test(user))
    assert.deepEqual(stored.toSorted(), users.toSorted(), 'each is stored, once')
    t.diagnostic(`${users.length} logins meanwhile`)
    assert.equal(readFileSync(paths.config, 'utf8'), config)
    assert.deepEqual(pamFiles(), files)
    assert.deepEqual((await pamAlert('verify')).status, 0)
  })
})

// install.sh where it must refuse, on machines of other makes, and over an older installation.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { chownSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { HOOK, pamEnv, runHook } from '../helpers/hook.ts'
import { without } from '../helpers/needs.ts'
import { onEnd } from '../helpers/temp.ts'
import {
  forgetPamAlert,
  installSh,
  journalLines,
  machine,
  must,
  pamAlert,
  pamFiles,
  run,
  startJournal,
  stopAll,
} from './machine.ts'

const skip = without('npm', 'journalctl', 'script', 'setpriv')
const NOBODY = 65_534
const LEFT = [
  '/usr/lib/pam-alert',
  '/usr/bin/pam-alert',
  '/etc/init.d/pam-alert',
  '/etc/pam-alert',
  '/var/lib/pam-alert',
  '/usr/share/pam-configs/pam-alert',
]

const installed = () => LEFT.filter((path) => existsSync(path))

describe('install.sh', { skip }, () => {
  before(async () => {
    await startJournal()
    await forgetPamAlert()
  })
  after(stopAll)

  test('says what it would do, and does nothing, with --dry-run', async () => {
    const files = pamFiles()
    const { status, stdout } = await installSh('--dry-run')
    assert.equal(status, 0)
    assert.match(stdout, /Nothing was changed\.\n$/)
    assert.deepEqual([installed(), pamFiles()], [[], files])
  })

  test('does nothing without root, without an answer, or with an option it does not know', async () => {
    const files = pamFiles()
    const script = new URL('../../install.sh', import.meta.url).pathname
    const nobody = await run('setpriv', [`--reuid=${NOBODY}`, '--clear-groups', script])
    assert.deepEqual(
      [nobody.status, nobody.stderr],
      [3, 'install.sh: this needs root: sudo ./install.sh\ninstall.sh: nothing was changed\n'],
    )
    const unasked = await installSh()
    assert.deepEqual(
      [unasked.status, unasked.stderr.split('\n')[0]],
      [1, 'install.sh: nobody can be asked here: say --yes'],
    )
    assert.equal((await installSh('--force')).status, 2)
    assert.deepEqual([installed(), pamFiles()], [[], files])
  })

  test('refuses where PAM was edited by hand, prints the lines, and leaves nothing behind', async (t) => {
    const stack = readFileSync('/etc/pam.d/common-auth', 'latin1')
    onEnd(t, () => writeFileSync('/etc/pam.d/common-auth', stack, 'latin1'))
    writeFileSync(
      '/etc/pam.d/common-auth',
      stack.replace(/^(auth.*pam_unix.so.*)$/m, '$1\nauth optional pam_echo.so'),
      'latin1',
    )
    const files = pamFiles()
    const { status, stderr } = await installSh('--yes')
    assert.equal(status, 1)
    assert.match(stderr, /Local modifications to \/etc\/pam\.d\/common-\*, not updating/)
    assert.match(stderr, /\[default=ignore\]\tpam_exec\.so .*\/pam-alert-hook --outcome failure/)
    assert.deepEqual([installed(), pamFiles()], [[], files])
  })

  test('asks on a terminal; "n" changes nothing', async () => {
    const files = pamFiles()
    const script = new URL('../../install.sh', import.meta.url).pathname
    const child = spawn('script', ['-qec', `TMPDIR=/tmp ${script}`, '/dev/null'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    let out = ''
    child.stdout.on('data', (chunk) => {
      const asked = out.includes('Apply it?')
      out += chunk
      if (!asked && out.includes('Apply it?')) child.stdin.write('n\r')
    })
    const status = await new Promise((done) => child.on('close', done))
    assert.equal(status, 1, out)
    assert.match(out, /not confirmed/)
    assert.deepEqual([installed(), pamFiles()], [[], files])
  })

  test('starts the relay where there is no init system, and says who must keep it up', async (t) => {
    renameSync('/usr/sbin/start-stop-daemon', '/usr/sbin/start-stop-daemon.hidden')
    onEnd(t, () => renameSync('/usr/sbin/start-stop-daemon.hidden', '/usr/sbin/start-stop-daemon'))
    const { status, stdout, stderr } = await installSh('--yes')
    assert.equal(status, 0, stdout + stderr)
    assert.match(stdout, /The relay is up \(no init system\)\.\n/)
    assert.match(stdout, /let your supervisor run "\/usr\/bin\/pam-alert relay" as root/)
    assert.match(stdout, / {2}journal {2}delivered: syslog\n/)
    const purged = await pamAlert('uninstall', '--purge')
    assert.equal(purged.status, 0, purged.stderr)
    assert.deepEqual(installed(), [])
    assert.equal((await run('getent', ['passwd', 'pam-alert'])).status, 2, 'the user is gone, too')
  })

  test('upgrades in place: configuration, history and PAM stay as they are', async () => {
    assert.equal((await installSh('--yes')).status, 0)
    writeFileSync('/etc/pam-alert/config.toml', '# mine\n')
    const files = pamFiles()
    const events = (await pamAlert('history', '--json')).stdout
    const again = await installSh('--yes')
    assert.equal(again.status, 0, again.stderr)
    assert.match(again.stdout, /PAM calls the hook already; nothing to change there\./)
    assert.equal(readFileSync('/etc/pam-alert/config.toml', 'utf8'), '# mine\n')
    assert.deepEqual(pamFiles(), files)
    assert.ok((await pamAlert('history', '--json')).stdout.startsWith(events))
    assert.match((await pamAlert('status')).stdout, /All is well\.\n$/)
  })

  test('uninstall refuses, naming the line, where somebody put the hook elsewhere; nothing else is touched', async (t) => {
    const su = readFileSync('/etc/pam.d/su', 'latin1')
    onEnd(t, () => writeFileSync('/etc/pam.d/su', su, 'latin1'))
    writeFileSync('/etc/pam.d/su', `${su}session optional pam_exec.so /usr/lib/pam-alert/pam-alert-hook\n`, 'latin1')
    const { status, stderr } = await pamAlert('uninstall')
    assert.equal(status, 1)
    assert.match(stderr, /^\/etc\/pam\.d\/su:\d+: session optional pam_exec\.so/)
    assert.ok(existsSync('/usr/lib/pam-alert/pam-alert-hook'))
  })
})

describe('the hook as root', { skip }, () => {
  before(startJournal)
  after(stopAll)
  const env = pamEnv({ PAM_USER: 'alice' })

  test("hands nothing to another user's listener, and tells syslog", async () => {
    let got = ''
    const server = createServer((socket) =>
      socket.on('data', (chunk) => {
        got += chunk
      }),
    )
    mkdirSync('/run/other')
    chownSync('/run/other', NOBODY, NOBODY)
    process.seteuid?.(NOBODY)
    server.listen('/run/other/relay.sock')
    process.seteuid?.(0)
    machine.after(() => void server.close())
    const result = await runHook({ env, program: HOOK, socket: '/run/other/relay.sock' })
    assert.equal(result.status, 0)
    const lines = await journalLines('pam-alert-hook', (line) => line.includes('listener is another user'))
    assert.match(
      lines.at(-1) ?? '',
      /^event neither taken nor spooled \(listener is another user\): \{"v":1,.*"user":"alice"/,
    )
    assert.equal(got, '')
  })

  test('called by somebody who is not root, it exits 0 and leaves one line in syslog', async () => {
    const copy = '/run/hook'
    await must('install', ['-m', '755', HOOK, copy])
    const called = await run('setpriv', [`--reuid=${NOBODY}`, '--clear-groups', copy], {
      env: { PAM_SERVICE: 'x', PAM_TYPE: 'auth', PAM_USER: 'unprivileged' },
    })
    assert.deepEqual(called, { status: 0, stdout: '', stderr: '' })
    const lines = await journalLines('pam-alert-hook', (line) => line.includes('unprivileged'))
    assert.equal(lines.filter((line) => line.includes('unprivileged')).length, 1)
  })
})

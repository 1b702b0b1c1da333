// A whole machine: install.sh, a real sshd, su and sudo, and everything taken out again.
import assert from 'node:assert/strict'
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { PRELOAD } from '../helpers/hook.ts'
import { without } from '../helpers/needs.ts'
import { WEBHOOK_SECRET } from '../helpers/notifiers.ts'
import { createReceiver, type Receiver } from '../helpers/receiver.ts'
import { onEnd } from '../helpers/temp.ts'
import {
  createPerson,
  forgetPamAlert,
  installSh,
  journalLines,
  machine,
  must,
  type Person,
  pamAlert,
  pamFiles,
  run,
  type Sshd,
  startJournal,
  startSshd,
  stopAll,
} from './machine.ts'

const skip = without('sshd', 'ssh', 'scp', 'sftp', 'sudo', 'npm', 'journalctl', 'openssl')

/** What an event must say; what isn't named is not looked at. */
interface Expected {
  type: string
  service: string
  user?: string | null
  outcome?: string
  ruser?: string
  address?: string | null
  method?: string | null
  fingerprint?: string
  flags?: string[]
}

const CONFIG = (port: number) => `
[notifiers.ops]
type = "webhook"
url = "http://127.0.0.1:${port}/hook"
secret_file = "/etc/pam-alert/secrets/ops"
[notifiers.journal]
type = "journal"
[[routes]]
notify = ["ops", "journal"]
`

describe('a machine with pam-alert', { skip }, () => {
  let receiver: Receiver
  let sshd: Sshd
  let alice: Person
  let bob: Person
  let before_: Record<string, string>

  before(async () => {
    await startJournal()
    await forgetPamAlert()
    receiver = await createReceiver(machine)
    alice = await createPerson('alice')
    bob = await createPerson('bob')
    appendFileSync('/etc/sudoers', 'alice ALL=(ALL) NOPASSWD: ALL\n')
    before_ = pamFiles()
    const installed = await installSh('--yes')
    assert.equal(installed.status, 0, installed.stdout + installed.stderr)
    writeFileSync('/etc/pam-alert/secrets/ops', WEBHOOK_SECRET, { mode: 0o600 })
    writeFileSync('/etc/pam-alert/config.toml', CONFIG(receiver.port))
    assert.equal((await pamAlert('config', 'check')).stdout, 'ok  2 notifiers, 1 route\n')
    await must('/etc/init.d/pam-alert', ['restart'])
    sshd = await startSshd()
  })
  after(stopAll)

  /** The next event at the webhook. */
  async function nextEvent() {
    const { type, data } = JSON.parse((await receiver.next()).body.toString())
    assert.equal(type, `pam.${data.type}`)
    return data
  }

  let lastSeq = 0

  /** These events, in this order, and no other, however long one waits. */
  async function expectEvents(...expected: Expected[]) {
    const got = []
    for (const { address, method, fingerprint, ...plain } of expected) {
      const event = await nextEvent()
      got.push(event)
      const about = `${JSON.stringify(event)} instead of ${JSON.stringify({ address, method, fingerprint, ...plain })}`
      for (const [field, value] of Object.entries(plain)) assert.deepEqual(event[field], value, `${field}: ${about}`)
      assert.equal(event.host.name, (await must('hostname', ['-s'])).trim())
      if (address !== undefined) assert.equal(event.source?.address ?? null, address, about)
      if (method !== undefined) assert.equal(event.method, method, about)
      if (fingerprint !== undefined) assert.equal(event.key?.fingerprint, fingerprint, about)
      if (lastSeq > 0) assert.equal(event.seq, lastSeq + 1, `an event is missing or too much before ${about}`)
      lastSeq = event.seq
    }
    return got
  }

  const opened = (user: string, more: Partial<Expected> = {}): Expected => ({
    type: 'open_session',
    service: 'sshd',
    outcome: 'success',
    user,
    address: '127.0.0.1',
    flags: [],
    ...more,
  })
  const closed = (user: string, more: Partial<Expected> = {}): Expected => ({
    ...opened(user, more),
    type: 'close_session',
  })

  test('tells of its own installation, and of a test that goes down the real path', async () => {
    const { stdout, status } = await pamAlert('test')
    assert.equal(status, 0, stdout)
    assert.match(stdout, /^Test event \S+ went through PAM \(\/etc\/pam\.d\/common-session:\d+\) and is stored\.\n/)
    assert.match(stdout, / {2}ops {6}delivered\n {2}journal {2}delivered: syslog\n$/)
    await expectEvents({ type: 'open_session', service: 'pam-alert-test', user: 'root' })
    await journalLines('pam-alert', (line) => line.startsWith('test alert from'))
  })

  test('login with a key: who, from where, with which key', async () => {
    assert.equal((await sshd.ssh('alice', ['-i', alice.key], 'true')).status, 0)
    await expectEvents(opened('alice', { method: 'publickey', fingerprint: alice.fingerprint }), closed('alice'))
    const lines = await journalLines('pam-alert', (line) => line.startsWith('alice logged out'))
    assert.ok(
      lines.some(
        (line) =>
          line.includes(`alice logged in to`) &&
          line.endsWith(`from 127.0.0.1 with key ${alice.fingerprint}, for the first time`),
      ),
    )
  })

  test('login with a password', async () => {
    assert.equal((await sshd.sshWithPassword('alice', alice.password, 'true')).status, 0)
    await expectEvents(opened('alice', { method: 'password' }), closed('alice'))
  })

  test('a wrong password, and a user that does not exist', async () => {
    assert.equal((await sshd.sshWithPassword('alice', 'wrong', 'true')).status, 255)
    await expectEvents({ type: 'auth', service: 'sshd', outcome: 'failure', user: 'alice', address: '127.0.0.1' })
    assert.equal((await sshd.sshWithPassword('mallory', 'wrong', 'true')).status, 255)
    // It could have been a password.
    const [unknown] = await expectEvents({ type: 'auth', service: 'sshd', outcome: 'failure', address: '127.0.0.1' })
    assert.match(String(unknown?.user), /^#[a-z2-7]{6}$/)
  })

  test('sftp and scp are one session each', async () => {
    const common = [...sshd.options, '-i', alice.key, '-P', String(sshd.port)]
    await must('sftp', [...common, '-b', '-', 'alice@127.0.0.1'], { input: 'pwd\n' })
    await expectEvents(opened('alice'), closed('alice'))
    await must('scp', [...common, '/etc/hostname', 'alice@127.0.0.1:'])
    await expectEvents(opened('alice'), closed('alice'))
  })

  test('three channels over one connection are one session', async () => {
    const control = ['-i', alice.key, '-o', 'ControlPath=/run/control']
    await sshd.ssh('alice', [...control, '-o', 'ControlMaster=yes', '-o', 'ControlPersist=yes', '-f', '-N'])
    for (let i = 0; i < 3; i++) assert.equal((await sshd.ssh('alice', control, 'true')).status, 0)
    await sshd.ssh('alice', [...control, '-O', 'exit'])
    await expectEvents(opened('alice'), closed('alice'))
  })

  const asAlice = (...command: string[]) => ['--reuid=alice', '--regid=alice', '--init-groups', ...command]
  const suBy = (ruser: string): Partial<Expected> => ({ service: 'su', ruser, address: null })

  test('su with the password of another, and with a wrong one', async () => {
    const su = asAlice('su', 'bob', '-c', 'true')
    assert.equal((await run('setpriv', su, { input: `${bob.password}\n` })).status, 0)
    await expectEvents(opened('bob', suBy('alice')), closed('bob', suBy('alice')))
    assert.notEqual((await run('setpriv', su, { input: 'wrong\n' })).status, 0)
    await expectEvents({ type: 'auth', outcome: 'failure', user: 'bob', service: 'su', ruser: 'alice', address: null })
  })

  test('su from root, which asks for no password', async () => {
    await must('su', ['bob', '-c', 'true'])
    await expectEvents(opened('bob', suBy('root')), closed('bob', suBy('root')))
  })

  test('sudo', async () => {
    await must('setpriv', asAlice('sudo', '-n', 'true'))
    const sudo: Partial<Expected> = { service: 'sudo', ruser: 'alice', address: null }
    await expectEvents(opened('root', sudo), closed('root', sudo))
  })

  test('an account that has expired, with the right password', async () => {
    await must('usermod', ['--expiredate', '1', 'bob'])
    assert.equal((await sshd.sshWithPassword('bob', bob.password, 'true')).status, 255)
    await expectEvents({ type: 'account', service: 'sshd', outcome: 'failure', user: 'bob', address: '127.0.0.1' })
    await must('usermod', ['--expiredate', '', 'bob'])
  })

  test('a changed password', async () => {
    await must('chpasswd', [], { input: 'bob:another battery staple\n' })
    await expectEvents({ type: 'password', service: 'chpasswd', outcome: 'success', user: 'bob' })
  })

  test('what a user plants in ~/.pam_environment fools nobody and loads nothing', async (t) => {
    const stack = readFileSync('/etc/pam.d/sshd', 'latin1')
    // As Debian 12 has it, but before our line: the opening is exposed, too.
    writeFileSync('/etc/pam.d/sshd', `session required pam_env.so user_readenv=1\n${stack}`)
    onEnd(t, () => writeFileSync('/etc/pam.d/sshd', stack, 'latin1'))
    const marker = '/run/loaded'
    const planted = ['PAM_USER', 'PAM_RHOST', 'PAM_SERVICE', 'PAM_TYPE'].map((name) => `${name} DEFAULT=root`)
    const preload = [`LD_PRELOAD DEFAULT=${PRELOAD}`, `PRELOAD_MARKER DEFAULT=${marker}`]
    writeFileSync('/home/alice/.pam_environment', [...planted, 'PAM_USER DEFAULT=daemon', ...preload, ''].join('\n'))
    onEnd(t, () => writeFileSync('/home/alice/.pam_environment', ''))
    assert.equal((await sshd.ssh('alice', ['-i', alice.key], 'true')).status, 0)
    await expectEvents(opened('alice', { flags: ['spoofed_env'] }), closed('alice', { flags: ['spoofed_env'] }))
    assert.ok(!existsSync(marker), 'LD_PRELOAD was not obeyed')
  })

  test('a wrong key never reaches PAM: that is what cannot be seen', async () => {
    assert.equal((await sshd.ssh('bob', ['-i', alice.key], 'true')).status, 255)
    await pamAlert('test', 'ops')
    await expectEvents({ type: 'open_session', service: 'pam-alert-test', user: 'root' })
  })

  test('nobody but root can talk to the relay, or read what it keeps', async () => {
    for (const path of ['/run/pam-alert/relay.sock', '/var/lib/pam-alert/relay.db', '/etc/pam-alert/secrets/ops'])
      assert.notEqual((await run('setpriv', asAlice('cat', path))).status, 0, path)
    const tail = await run('setpriv', asAlice('pam-alert', 'history'))
    assert.deepEqual([tail.status, /only root may do this/.test(tail.stderr)], [3, true])
    const pid = readFileSync('/run/pam-alert.pid', 'utf8').trim()
    const id = (await must('id', ['-u', 'pam-alert'])).trim()
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    assert.match(status, new RegExp(`^Uid:(\\s${id}){4}$`, 'm'))
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapAmb']) assert.match(status, new RegExp(`^${set}:\\s0+$`, 'm'))
  })

  test('a login goes on while the relay is stopped', async () => {
    await must('/etc/init.d/pam-alert', ['stop'])
    assert.equal((await sshd.ssh('alice', ['-i', alice.key], 'true')).status, 0)
    await must('/etc/init.d/pam-alert', ['start'])
  })

  test('uninstall gives back every byte of /etc/pam.d, and logins go on', async () => {
    const control = ['-i', alice.key, '-o', 'ControlPath=/run/control']
    await sshd.ssh('alice', [...control, '-o', 'ControlMaster=yes', '-o', 'ControlPersist=yes', '-f', '-N'])
    const { status, stdout, stderr } = await pamAlert('uninstall')
    assert.equal(status, 0, stderr)
    assert.equal((await sshd.ssh('alice', control, 'true')).status, 0, 'who was logged in still is')
    assert.equal((await sshd.ssh('alice', [...control, '-O', 'exit'])).status, 0)
    assert.match(stdout, /^PAM is as it was before\.\n/)
    assert.deepEqual(pamFiles(), before_)
    for (const gone of [
      '/usr/lib/pam-alert',
      '/usr/bin/pam-alert',
      '/etc/init.d/pam-alert',
      '/run/pam-alert',
      '/usr/share/pam-configs/pam-alert',
    ])
      assert.ok(!existsSync(gone), gone)
    for (const kept of ['/etc/pam-alert/config.toml', '/var/lib/pam-alert/relay.db']) assert.ok(existsSync(kept), kept)
    assert.equal((await sshd.ssh('alice', ['-i', alice.key], 'true')).status, 0)
  })
})

// A whole machine that watches sshd's log beside PAM: what PAM never sees is told, what both see is told once.
import assert from 'node:assert/strict'
import { chmodSync, chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { without } from '../helpers/needs.ts'
import { WEBHOOK_SECRET } from '../helpers/notifiers.ts'
import { createReceiver, type Receiver } from '../helpers/receiver.ts'
import {
  createPerson,
  forgetPamAlert,
  installSh,
  machine,
  must,
  type Person,
  type Sshd,
  startJournal,
  startSshd,
  stopAll,
} from './machine.ts'

const CONFIG = (port: number) => `
[notifiers.ops]
type = "webhook"
url = "http://127.0.0.1:${port}/hook"
secret_file = "/etc/pam-alert/secrets/ops"
[[routes]]
match = { type = "close_session" }
notify = []
[[routes]]
notify = ["ops"]
[[watch]]
journal = true
identifiers = ["sshd", "sshd-session", "sshd-auth"]
rules = "openssh"
`

const groupOf = (name: string) =>
  Number(new RegExp(`^${name}:[^:]*:(\\d+):`, 'm').exec(readFileSync('/etc/group', 'utf8'))?.[1])

describe('a machine that watches its log', { skip: without('sshd', 'ssh', 'npm', 'journalctl', 'pgrep') }, () => {
  let receiver: Receiver
  let sshd: Sshd
  let alice: Person
  let bob: Person

  before(async () => {
    // As tmpfiles.d/systemd.conf has it: journald gives its files this group.
    mkdirSync('/run/log/journal', { recursive: true })
    chownSync('/run/log/journal', 0, groupOf('systemd-journal'))
    chmodSync('/run/log/journal', 0o2755)
    await startJournal()
    await forgetPamAlert()
    receiver = await createReceiver(machine)
    alice = await createPerson('alice')
    bob = await createPerson('bob')
    const installed = await installSh('--yes')
    assert.equal(installed.status, 0, installed.stdout + installed.stderr)
    writeFileSync('/etc/pam-alert/secrets/ops', WEBHOOK_SECRET, { mode: 0o600 })
    writeFileSync('/etc/pam-alert/config.toml', CONFIG(receiver.port))
    await must('/etc/init.d/pam-alert', ['restart'])
    sshd = await startSshd()
  })
  after(stopAll)

  const next = async () => JSON.parse((await receiver.next()).body.toString()).data

  test('tells of a key that sshd refuses', async () => {
    assert.equal((await sshd.ssh('bob', ['-i', alice.key], 'true')).status, 255)
    const { type, outcome, user, text, log } = await next()
    assert.deepEqual([type, outcome, user, log?.rule], ['auth', 'failure', 'bob', 'openssh/gave-up'])
    assert.match(text, /^bob: connection ended before the login on \S+ \(sshd\) from 127\.0\.0\.1/)
  })

  test('tells once of a password and of a login that PAM and the log tell of', async () => {
    assert.equal((await sshd.sshWithPassword('bob', 'wrong', 'true')).status, 255)
    assert.equal((await sshd.ssh('bob', ['-i', bob.key], 'true')).status, 0)
    const [refused, login] = [await next(), await next()]
    assert.deepEqual([refused.type, refused.user, refused.tells], ['auth', 'bob', 1])
    assert.deepEqual([login.type, login.user, login.tells], ['open_session', 'bob', 1])
    assert.equal((await sshd.ssh('alice', ['-i', alice.key], 'true')).status, 0)
    const last = await next()
    assert.deepEqual([last.type, last.user], ['open_session', 'alice'], 'nothing was told in between')
  })

  test('reads it as an ordinary user in the group of the journal, and in no other than that', async () => {
    const [pid = ''] = (await must('pgrep', ['-u', 'pam-alert', '-f', 'relay'])).split('\n')
    const groups = /^Groups:\s*(.*?)\s*$/m
      .exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
      ?.split(' ')
      .map(Number)
    assert.deepEqual(groups?.sort(), [groupOf('pam-alert'), groupOf('systemd-journal')].sort())
  })
})

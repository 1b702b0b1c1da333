// Everybody who moves over: the old system and pam-alert side by side on one machine, each section of
// docs/coming-from.md as it stands there. The vendors are servers of the test's.
import assert from 'node:assert/strict'
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  globSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeFileSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { createAuthority } from '../helpers/certs.ts'
import { createMonitisApi, MONITIS_KEYS } from '../helpers/monitis-api.ts'
import { without } from '../helpers/needs.ts'
import { createPushoverApi, PUSHOVER_TOKEN } from '../helpers/pushover-api.ts'
import { createProxy, createReceiver } from '../helpers/receiver.ts'
import { until } from '../helpers/until.ts'
import { createXApi, X_KEYS } from '../helpers/x-api.ts'
import {
  createPerson,
  forgetPamAlert,
  installSh,
  machine,
  must,
  type Person,
  type Sshd,
  startJournal,
  startProgram,
  startSshd,
  stopAll,
} from './machine.ts'

const top = join(import.meta.dirname, '../..')
const guide = readFileSync(join(top, 'docs/coming-from.md'), 'utf8')

/** Unpacked by test/run.ts: to install it would change this machine's PAM. */
const [pamScript] = globSync(join(top, 'test/build/libpam-script/**/pam_script.so'))
const skip =
  without('sshd', 'ssh', 'npm', 'journalctl', 'openssl', 'swatchdog') ||
  (pamScript === undefined && 'needs libpam-script, unpacked below test/build')

const LOG = '/var/log/auth.log'

/** The configuration that a section of the guide gives. */
function configOf(title: string): string {
  const section = guide.split(/^## /m).find((text) => text.startsWith(title)) ?? ''
  return /```toml\n([\s\S]*?)```/.exec(section)?.[1] ?? assert.fail(`no configuration under "${title}"`)
}

const linesOf = (path: string) => readFileSync(path, 'utf8').split('\n').filter(Boolean)

describe('coming from', { skip }, () => {
  const x = createXApi()
  const pushover = createPushoverApi()
  const monitis = createMonitisApi()
  let network = ''
  let sshd: Sshd
  let alice: Person

  /** The section's configuration at work. */
  async function use(title: string) {
    writeFileSync('/etc/pam-alert/config.toml', configOf(title) + network)
    await must('pam-alert', ['config', 'check'])
    await must('/etc/init.d/pam-alert', ['restart'])
  }

  const refused = () => sshd.sshWithPassword('alice', 'wrong', 'true')
  const keyLogin = () => sshd.ssh('alice', ['-i', alice.key], 'true')

  before(async () => {
    await startJournal()
    await forgetPamAlert()
    alice = await createPerson('alice')
    writeFileSync(LOG, '', { mode: 0o640 })
    await must('chgrp', ['adm', LOG])
    await startProgram('journalctl', ['-f', '-n', '0', '-o', 'short', '--no-pager'], openSync(LOG, 'a'))
    sshd = await startSshd()
    assert.equal((await installSh('--yes')).status, 0)

    const authority = await createAuthority()
    const ports = new Map<string, number>()
    for (const [host, { respond }] of Object.entries({
      'api.x.com': x,
      'api.pushover.net': pushover,
      'api.monitis.com': monitis,
    })) {
      const service = await createReceiver(machine, await authority.issue(host))
      service.respond = respond
      ports.set(host, service.port)
    }
    const proxy = await createProxy(machine, ports)
    writeFileSync('/etc/pam-alert/ca.pem', authority.cert)
    network = `\n[network]\nproxy = "${proxy.url}"\nca_file = "/etc/pam-alert/ca.pem"\n`
    monitis.monitors.push({ id: 922, name: 'pam-alert', tag: 'pam-alert', metrics: ['user_login', 'host', 'srv'] })
    const secrets = {
      'x-consumer-key': X_KEYS.consumer_key,
      'x-consumer-secret': X_KEYS.consumer_secret,
      'x-access-token': X_KEYS.access_token,
      'x-access-secret': X_KEYS.access_secret,
      'pushover-token': PUSHOVER_TOKEN,
      'monitis-apikey': MONITIS_KEYS.apikey,
      'monitis-secretkey': MONITIS_KEYS.secretkey,
    }
    for (const [name, value] of Object.entries(secrets))
      writeFileSync(`/etc/pam-alert/secrets/${name}`, value, { mode: 0o600 })
  })
  after(stopAll)

  test('swatch and direct messages on X: what swatch hears is told', async () => {
    await use('swatch, Perl')
    writeFileSync('/etc/swatchrc', 'watchfor /authentication failure/\n  pipe "cat >> /run/swatch"\n')
    writeFileSync('/run/swatch', '')
    await startProgram('swatchdog', ['-c', '/etc/swatchrc', '-t', LOG, '--script-dir', '/run'])
    await refused()
    await until(() => x.messages.length > 0)
    assert.match(x.messages[0]?.text ?? '', /alice: password refused on .* \(sshd\) from 127\.0\.0\.1/)
    // swatchdog begins at the end of the file, whenever it gets there: an attempt for each look.
    for (let n = 0; n < 20 && linesOf('/run/swatch').length === 0; n++) await refused()
    assert.match(linesOf('/run/swatch')[0] ?? '', /authentication failure; .*rhost=127\.0\.0\.1/)
  })

  test('swatch itself: a key that PAM never sees reaches the command', async () => {
    mkdirSync('/run/blocked', { mode: 0o777 })
    chmodSync('/run/blocked', 0o777)
    writeFileSync('/usr/local/bin/block-address', '#!/bin/sh\ncat >> /run/blocked/events\n', { mode: 0o755 })
    writeFileSync('/run/blocked/events', '')
    chmodSync('/run/blocked/events', 0o666)
    writeFileSync('/var/log/app.log', '', { mode: 0o640 })
    await must('chgrp', ['adm', '/var/log/app.log'])
    await use('swatch itself')
    await sshd.ssh('nosuchuser', ['-i', alice.key], 'true')
    await until(() => readFileSync('/run/blocked/events', 'utf8').includes('sshd'))
    for (let n = 0; n < 3; n++)
      appendFileSync('/var/log/app.log', `app: login refused for bob from 203.0.113.${n < 3 ? 9 : 8}\n`)
    await until(() => readFileSync('/run/blocked/events', 'utf8').includes('203.0.113.9'))
  })

  test('cron and grep: the same facts as the line', async () => {
    await use('cron, grep')
    const from = linesOf(LOG).length
    await refused()
    await until(() => x.posts.length > 0)
    await until(() =>
      linesOf(LOG)
        .slice(from)
        .some((line) => /authentication failure; /.test(line)),
    )
    const line =
      linesOf(LOG)
        .slice(from)
        .find((text) => /authentication failure; /.test(text)) ?? ''
    const [, pid, uid, tty, ruser, rhost] =
      /\[(\d+)\]: .*; logname=\S* uid=(\d+) euid=\d+ tty=(\S*) ruser=(\S*) rhost=(\S*)/.exec(line) ?? []
    assert.ok(
      x.posts.some((post) => post.includes(`[${pid}] uid=${uid} tty=${tty} ruser=${ruser} rhost=${rhost}`)),
      `${line}\n${x.posts.join('\n')}`,
    )
  })

  test('pygtail and Pushover: a new key rings, a known one does not', async () => {
    await use('A Python script')
    await keyLogin()
    await keyLogin()
    await until(() => pushover.messages.length >= 2)
    assert.deepEqual(
      pushover.messages.slice(0, 2).map((fields) => fields.get('priority')),
      ['1', '-1'],
    )
  })

  test('pam_script and Monitis: the monitor gets what the script got', async () => {
    await use('pam_script')
    const module = pamScript ?? ''
    const [modules = ''] = globSync('/usr/lib/*/security')
    copyFileSync(module, join(modules, basename(module)))
    mkdirSync('/etc/pam-script')
    writeFileSync(
      '/etc/pam-script/pam_script_ses_open',
      '#!/bin/sh\necho "$PAM_USER $PAM_RHOST $PAM_SERVICE" >> /run/pam_script\n',
      { mode: 0o755 },
    )
    appendFileSync('/etc/pam.d/sshd', 'session optional pam_script.so dir=/etc/pam-script\n')
    await keyLogin()
    await until(() => monitis.results.length > 0)
    const told = monitis.results.map(({ values }) => `${values.user_login} ${values.host} ${values.srv}`)
    assert.deepEqual(told, linesOf('/run/pam_script'))
  })
})

import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, test } from 'node:test'
import { ofSshd } from '../../../relay/cli/doctor.ts'
import { pathsBelow } from '../../../relay/model/paths.ts'
import { command } from '../../helpers/relay.ts'
import { tempDir } from '../../helpers/temp.ts'

const gaps = (settings: Record<string, string>) => ofSshd(new Map(Object.entries(settings)), '/c').map(({ gap }) => gap)

describe('doctor', { skip: process.geteuid?.() === 0 ? false : 'needs root' }, () => {
  test('names each service whose logins are not told, and the lines that would', async (t) => {
    const paths = pathsBelow(tempDir(t))
    const pamD = join(paths.root, 'etc/pam.d')
    for (const directory of [pamD, dirname(paths.config)]) mkdirSync(directory, { recursive: true })
    const nothing = await command(paths.root, 'doctor')
    assert.match(nothing.stdout, /not told {2}every login\n {4}why: no line in \/etc\/pam.d calls the hook\n/)
    const line = (type: string) => `${type} optional pam_exec.so ${paths.hook}`
    const all = ['auth', 'account', 'password', 'session'].map(line).join('\n')
    writeFileSync(join(pamD, 'other'), all)
    writeFileSync(join(pamD, 'runuser'), 'auth sufficient pam_rootok.so\nsession required pam_unix.so\n')
    const { status, stdout } = await command(paths.root, 'doctor', '--json')
    const [finding] = JSON.parse(stdout).findings
    assert.equal(status, 1)
    writeFileSync(paths.config, '[[watch]]\nfile = "/var/log/auth.log"\nrules = ["su", "openssh"]\n')
    const watching = await command(paths.root, 'doctor', '--json')
    const gaps = JSON.parse(watching.stdout).findings.map(({ gap }: { gap: string }) => gap)
    assert.deepEqual(gaps, ['runuser: auth, session'], "sshd's own log tells the rest")
    assert.deepEqual(finding, {
      gap: 'runuser: auth, session',
      why: '/etc/pam.d/runuser includes no file that calls the hook',
      remedy: 'add to /etc/pam.d/runuser',
      lines: [line('auth'), line('session')],
    })
  })
})

describe('doctor of sshd', () => {
  test('knows what sshd keeps to itself', () => {
    assert.deepEqual(gaps({ usepam: 'no' }), ['every ssh login'])
    assert.deepEqual(gaps({ usepam: 'yes', passwordauthentication: 'no', kbdinteractiveauthentication: 'no' }), [
      'refused ssh logins',
    ])
    assert.deepEqual(gaps({ usepam: 'yes', kbdinteractiveauthentication: 'yes' }), ['refused ssh keys'])
    assert.deepEqual(ofSshd(null, '/c'), [])
  })
})

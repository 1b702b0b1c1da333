// What the service files promise of the relay's privileges.
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { createSite, idle, program } from '../crash/oracle.ts'
import { logins } from '../helpers/logins.ts'
import { without } from '../helpers/needs.ts'
import { nodeBehind } from '../helpers/relay.ts'
import { tempDir } from '../helpers/temp.ts'
import { until } from '../helpers/until.ts'

const service = join(import.meta.dirname, '../../relay/service')
const read = (name: string) => readFileSync(join(service, name), 'utf8')

/** All values of a directive, in order. */
const valuesOf = (unit: string, directive: string) =>
  [...read(unit).matchAll(new RegExp(`^${directive}=(.*)$`, 'gm'))].map(([, value = '']) => value)

/** The system calls behind a name such as @system-service; a plain name stands for itself. */
function calls(name: string): Set<string> {
  if (!name.startsWith('@')) return new Set([name])
  const text = execFileSync('systemd-analyze', ['syscall-filter', name], { encoding: 'utf8' })
  const parts = text.split('\n').flatMap((line) => /^ {4}([@\w-]+)$/.exec(line)?.[1] ?? [])
  return new Set(parts.flatMap((part) => [...calls(part)]))
}

describe('the units', { skip: without('systemd-analyze') }, () => {
  test('leave the relay next to nothing: systemd rates them 1.5 or better', (t) => {
    const args = ['security', '--offline=true', '--no-pager', join(service, 'pam-alert.service')]
    const { stdout } = spawnSync('systemd-analyze', args, { encoding: 'utf8' })
    const [, score] = /Overall exposure level for pam-alert\.service: ([\d.]+)/.exec(stdout) ?? []
    t.diagnostic(`${score}`)
    assert.ok(Number(score) <= 1.5, stdout)
  })

  test('have nothing that systemd would complain of', (t) => {
    const dir = tempDir(t)
    const units = ['pam-alert.service', 'pam-alert.socket'].map((name) => {
      // It looks whether that program is there.
      writeFileSync(join(dir, name), read(name).replace('/usr/lib/pam-alert/node', process.execPath))
      return join(dir, name)
    })
    const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', ...units], {
      encoding: 'utf8',
    })
    assert.deepEqual([status, stdout, stderr], [0, '', ''])
  })

  test('forbid no system call that the relay makes', { skip: without('strace') }, async (t) => {
    const file = join(tempDir(t), 'calls')
    const site = await createSite(t, await program(t))
    await logins(site.paths, 3, 3, 'spooled')
    const node = nodeBehind(t, `exec strace -f -qq -c -S name -U name -o ${file}`)
    const relay = site.launch({ program: [node, site.entry] })
    await relay.ready
    await logins(site.paths, 3, 3, 'sent')
    await until(() => idle(relay))
    await relay.stop()
    const made = readFileSync(file, 'utf8')
      .split('\n')
      .map((line) => line.trim())
      .filter((name) => /^[a-z]\w+$/.test(name) && !['syscall', 'total', 'execve'].includes(name))
    assert.ok(made.includes('fsync'), made.join(' '))
    const [allowed = '', denied = ''] = valuesOf('pam-alert.service', 'SystemCallFilter')
    const may = calls(allowed)
    const mayNot = new Set(
      denied
        .replace('~', '')
        .split(' ')
        .flatMap((name) => [...calls(name)]),
    )
    // SQLite gives its files to the database's owner if it is root, which it is in such a test only.
    const asRoot = ['fchown', 'chown']
    assert.deepEqual(
      made.filter((name) => !asRoot.includes(name) && (!may.has(name) || mayNot.has(name))),
      [],
    )
  })
})

describe('the service files', () => {
  test('keep the socket to root, hand secrets over as credentials, and dump no memory', () => {
    const of = (directive: string) => valuesOf('pam-alert.socket', directive).join()
    assert.deepEqual(['SocketUser', 'SocketGroup', 'SocketMode', 'DirectoryMode'].map(of), [
      'root',
      'root',
      '0600',
      '0700',
    ])
    const service = (directive: string) => valuesOf('pam-alert.service', directive).join()
    assert.equal(service('LoadCredential'), 'secrets:/etc/pam-alert/secrets')
    assert.deepEqual([service('Environment'), service('EnvironmentFile')], ['', ''])
    assert.deepEqual(['User', 'CapabilityBoundingSet', 'LimitCORE'].map(service), ['pam-alert', '', '0'])
    assert.match(read('pam-alert.init'), /^\tulimit -c 0$/m)
    assert.match(read('pam-alert.openrc'), /^rc_ulimit="-c 0"$/m)
  })
})

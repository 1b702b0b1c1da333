import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { enrich } from '../../relay/enrich.ts'
import { recordOf } from '../helpers/alerts.ts'
import { without } from '../helpers/needs.ts'
import { tempDir } from '../helpers/temp.ts'

const source = (rhost: string | null, more = {}) => enrich(recordOf({ rhost, ...more })).source

describe('what an event means', () => {
  test('the source is an address as one writes it, or the name that PAM has', () => {
    assert.deepEqual(source('192.0.2.7'), { address: '192.0.2.7', port: null, name: null })
    assert.deepEqual(source('::ffff:192.0.2.7'), { address: '192.0.2.7', port: null, name: null })
    assert.deepEqual(source('::ffff:c000:207'), { address: '192.0.2.7', port: null, name: null })
    assert.deepEqual(source('2001:DB8:0:0::7'), { address: '2001:db8::7', port: null, name: null })
    assert.deepEqual(source('127.1'), { address: null, port: null, name: '127.1' })
    assert.deepEqual(source('FE80::1%eth0'), { address: 'fe80::1', port: null, name: null })
    assert.deepEqual(source('UNKNOWN'), { address: null, port: null, name: 'UNKNOWN' })
    for (const nowhere of [null, '', 'web-1']) assert.equal(source(nowhere), null)
    assert.equal(source('web-1.example', { service: 'sudo' }), null, 'sudo names its own host')
  })

  test("sshd's connection gives the port where it agrees with PAM, and the address where PAM has a name", () => {
    const ssh = { connection: '192.0.2.7 39652 192.0.2.1 22', auth_info: null }
    assert.deepEqual(source('192.0.2.7', { ssh }), { address: '192.0.2.7', port: 39652, name: null })
    assert.deepEqual(source('192.0.2.8', { ssh }), { address: '192.0.2.8', port: null, name: null })
    assert.deepEqual(source('gw.example', { ssh }), { address: '192.0.2.7', port: 39652, name: 'gw.example' })
    for (const connection of ['', 'x', 'evil 1 2 3', '192.0.2.7', '192.0.2.7 port 1 2'])
      assert.deepEqual(source('192.0.2.7', { ssh: { connection, auth_info: null } })?.port, null)
  })

  test('the last method is the one that let the user in', () => {
    const method = (auth_info: string | null) => enrich(recordOf({ ssh: { connection: null, auth_info } })).method
    assert.equal(method('publickey ssh-ed25519 AAAA\\x0apassword\\x0a'), 'password')
    assert.equal(method('keyboard-interactive/pam\\x0a'), 'keyboard-interactive/pam')
    assert.equal(method(''), null)
    assert.equal(method(null), null)
  })

  test('the fingerprint is the one that ssh-keygen prints', { skip: without('ssh-keygen') }, (t) => {
    const dir = tempDir(t)
    for (const type of ['ed25519', 'rsa', 'ecdsa']) {
      const file = join(dir, type)
      execFileSync('ssh-keygen', ['-q', '-t', type, '-N', '', '-f', file])
      const [, fingerprint] = execFileSync('ssh-keygen', ['-lf', `${file}.pub`], { encoding: 'utf8' }).split(' ')
      const [name = '', blob = ''] = readFileSync(`${file}.pub`, 'utf8').split(' ')
      const { key } = enrich(recordOf({ ssh: { connection: null, auth_info: `publickey ${name} ${blob}\\x0a` } }))
      assert.deepEqual(key, { type: name, fingerprint, name: null })
    }
  })
})

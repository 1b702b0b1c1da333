// Debian's own pam-auth-update, below a root of the test's.
import assert from 'node:assert/strict'
import { appendFileSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { createPam, LocallyModified } from '../../pam/apply.ts'
import { PAM_TRY } from '../helpers/hook.ts'
import { without } from '../helpers/needs.ts'
import { tempDir } from '../helpers/temp.ts'

const HOOK = '/usr/lib/pam-alert/pam-alert-hook'
const profile = readFileSync(join(import.meta.dirname, '../../pam/profiles/pam-auth-update'), 'latin1')

function filesOf(directory: string): Record<string, string> {
  if (!existsSync(directory)) return {}
  return Object.fromEntries(
    readdirSync(directory)
      .sort()
      .map((name) => [name, readFileSync(join(directory, name), 'latin1')]),
  )
}

/** A copy of this machine's PAM as it is without pam-alert. */
function setUp(t: TestContext) {
  const root = tempDir(t)
  for (const directory of ['/etc/pam.d', '/var/lib/pam', '/usr/share/pam-configs'])
    cpSync(directory, join(root, directory), { recursive: true })
  mkdirSync(join(root, '/var/backups'), { recursive: true })
  const pam = createPam(root, HOOK, profile)
  pam.disable()
  const state = () => ['/etc/pam.d', '/var/lib/pam', '/usr/share/pam-configs'].map((dir) => filesOf(join(root, dir)))
  return { root, pam, state, file: (name: string) => join(root, '/etc/pam.d', name) }
}

describe('pam-auth-update', { skip: without('pam-auth-update') }, () => {
  test('a rehearsal shows the change, tries it, and changes nothing', (t) => {
    const { pam, state } = setUp(t)
    const before = state()
    const { diff, trial } = pam.rehearse(PAM_TRY)
    assert.match(diff, /^\+auth\t\[default=ignore\]\tpam_exec\.so .* --outcome failure$/m)
    assert.match(diff, /^\+session\toptional\tpam_exec\.so /m)
    assert.deepEqual(trial.differences, [])
    assert.ok(trial.scenarios > 20)
    assert.deepEqual(state(), before)
  })

  test('what is written is what was rehearsed; taking it out gives every byte back', (t) => {
    const { pam, state } = setUp(t)
    const before = state()
    assert.equal(pam.enable(pam.rehearse(PAM_TRY)), true)
    const types = new Set(pam.callers().map(({ type }) => type))
    assert.deepEqual([...types].sort(), ['account', 'auth', 'password', 'session'])
    assert.equal(pam.rehearse(PAM_TRY).diff, '', 'a second time there is nothing to do')
    assert.deepEqual(pam.disable(), [])
    assert.deepEqual(state(), before)
  })

  test('local modifications are left alone', (t) => {
    const { pam, state, file } = setUp(t)
    writeFileSync(
      file('common-auth'),
      readFileSync(file('common-auth'), 'utf8').replace(
        'pam_unix.so nullok',
        'pam_unix.so nullok\nauth optional pam_echo.so',
      ),
    )
    const before = state()
    assert.throws(() => pam.rehearse(PAM_TRY), LocallyModified)
    assert.deepEqual(state(), before)
  })

  test('if the result is not what was rehearsed, all is put back', (t) => {
    const { pam, state } = setUp(t)
    const before = state()
    const change = pam.rehearse(PAM_TRY)
    assert.equal(pam.enable({ ...change, after: new Map([...change.after, ['common-auth', 'else']]) }), false)
    assert.deepEqual(state(), before)
  })

  test('what an administrator changed meanwhile survives', (t) => {
    const { root, pam, file } = setUp(t)
    pam.enable(pam.rehearse(PAM_TRY))
    appendFileSync(file('common-auth'), '# a note\n')
    writeFileSync(join(root, '/etc/pam.d/mine'), 'auth required pam_permit.so\n')
    assert.deepEqual(pam.disable(), [])
    assert.match(readFileSync(file('common-auth'), 'utf8'), /# a note\n$/)
    assert.ok(existsSync(file('mine')))
    assert.deepEqual(pam.callers(), [])
  })

  test('a line that somebody put elsewhere is named, and the profile stays out', (t) => {
    const { pam, file } = setUp(t)
    pam.enable(pam.rehearse(PAM_TRY))
    appendFileSync(file('su'), `session optional pam_exec.so quiet ${HOOK}\n`)
    const left = pam.disable()
    assert.deepEqual(
      left.map(({ file }) => file),
      ['/etc/pam.d/su'],
    )
  })
})

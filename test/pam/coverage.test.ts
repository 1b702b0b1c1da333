import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { uncovered } from '../../pam/coverage.ts'

const HOOK = '/usr/lib/pam-alert/pam-alert-hook'
const line = (type: string) => `${type} optional pam_exec.so quiet ${HOOK}\n`
const COMMON = Object.fromEntries(
  ['auth', 'account', 'password', 'session'].map((type) => [
    `common-${type}`,
    `${type} required pam_unix.so\n${line(type)}`,
  ]),
)
const ALL = Object.keys(COMMON)
  .map((name) => `@include ${name}\n`)
  .join('')

const found = (services: Record<string, string>) =>
  uncovered(new Map(Object.entries({ ...COMMON, other: ALL, ...services })), HOOK).map(
    ({ service, types }) => `${service}: ${types.join(' ')}`,
  )

describe('coverage', () => {
  test('is had through @include, include and substack, also over several files', () => {
    assert.deepEqual(
      found({
        sshd: ALL,
        login:
          'auth include common-auth\naccount substack common-account\nsession include deep\npassword include common-password',
        deep: 'session substack common-session',
      }),
      [],
    )
  })

  test('is missing where a file goes its own way, type by type', () => {
    const runuser = 'auth sufficient pam_rootok.so\nsession required pam_unix.so'
    assert.deepEqual(found({ runuser }), ['runuser: auth session'])
    assert.deepEqual(found({ runuser, 'runuser-l': 'auth include runuser\nsession include runuser' }), [
      'runuser: auth session',
    ])
    assert.deepEqual(
      found({ su: ALL, 'su-l': `${ALL.replace('@include common-auth', '')}auth required pam_unix.so` }),
      ['su-l: auth'],
    )
    assert.deepEqual(found({ ftp: 'auth include common-session\n@include common-account' }), [])
    assert.deepEqual(found({ x: `auth required pam_unix.so\n# ${line('auth')}session include nowhere` }), ['x: auth'])
  })

  test('ends where files include each other, and leaves out what no service is', () => {
    assert.deepEqual(found({ a: 'auth include b\nauth required pam_unix.so', b: 'auth include a' }), [])
    assert.deepEqual(found({ 'sshd.dpkg-old': 'auth required pam_unix.so', 'sshd~': 'auth required pam_unix.so' }), [])
    assert.deepEqual(found({ other: 'auth required pam_deny.so' }), ['other: auth account password session'])
  })
})

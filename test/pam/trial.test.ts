import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { tryStacks } from '../../pam/trial.ts'
import { PAM_TRY } from '../helpers/hook.ts'

const HOOK = '/usr/lib/pam-alert/pam-alert-hook'
const run = `pam_exec.so quiet quiet_log seteuid ${HOOK}`

const BEFORE: Record<string, string> = {
  'common-auth': `auth [success=2 default=ignore] pam_unix.so nullok
auth [success=1 default=ignore] pam_sss.so use_first_pass
auth requisite pam_deny.so
auth required pam_permit.so
auth optional pam_cap.so`,
  'common-session':
    'session [default=1] pam_permit.so\nsession requisite pam_deny.so\nsession required pam_permit.so\nsession required pam_unix.so',
}

/** The auth stack with our line in place, if all jumps are as they must be. */
const good = `auth [success=3 default=ignore] pam_unix.so nullok
auth [success=2 default=ignore] pam_sss.so use_first_pass
auth [default=ignore] ${run} --outcome failure
auth requisite pam_deny.so
auth required pam_permit.so
auth optional pam_cap.so`

const tryOut = (file: string, text: string) =>
  tryStacks(new Map([[file, BEFORE[file] ?? '']]), new Map([[file, text]]), HOOK, PAM_TRY)
const differencesOf = (file: string, text: string) => tryOut(file, text).differences

describe('the trial of a new stack', () => {
  test('passes one that decides as the old one did', () => {
    assert.deepEqual(tryOut('common-auth', good), { scenarios: 24, differences: [] })
    const session = `${BEFORE['common-session']}\nsession optional ${run}`
    assert.deepEqual(tryOut('common-session', session), { scenarios: 6, differences: [] })
  })

  test('finds a jump that was not counted up: right passwords would be refused', () => {
    const [difference] = differencesOf('common-auth', good.replace('success=3', 'success=2'))
    assert.match(
      difference ?? '',
      /^common-auth: pam_unix.so.* grants.*"authenticate 0 Success" became "authenticate 7/,
    )
  })

  test('finds a jump over the denial: wrong passwords would be taken', () => {
    const text = good.replace('[default=ignore] pam_exec', '[default=1] pam_exec')
    assert.match(
      differencesOf('common-auth', text).join('\n'),
      /no module grants.*"authenticate 7 .*" became "authenticate 0/,
    )
  })

  test('finds a hook whose failure would matter', () => {
    const text = `${BEFORE['common-session']}\nsession required ${run}`
    assert.match(differencesOf('common-session', text).join('\n'), /the hook fails: "open 0 Success" became "open/)
  })

  test('finds a hook that is called for the wrong logins, or never', () => {
    const [first = '', second = '', third = '', ...rest] = good.split('\n')
    const early = [third, first, second, ...rest]
      .join('\n')
      .replace('success=3', 'success=2')
      .replace('success=2 default=ignore] pam_sss', 'success=1 default=ignore] pam_sss')
    assert.match(differencesOf('common-auth', early).join('\n'), /pam_unix.so grants: the hook is called/)
    assert.match(
      differencesOf('common-auth', BEFORE['common-auth'] ?? '').join('\n'),
      /no module grants: the hook is not called/,
    )
  })
})

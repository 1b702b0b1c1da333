import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { parseStack, printStack, rulesThatRun } from '../../pam/stack.ts'
import { runs } from '../helpers/fuzz.ts'

const HOOK = '/usr/lib/pam-alert/pam-alert-hook'

describe('a PAM stack', () => {
  test('is read line by line', () => {
    const text = `# comment
auth\t[success=2 default=ignore]\tpam_unix.so nullok
-session optional pam_systemd.so
@include common-auth
session required \\
  pam_exec.so [a b] c # why
ACCOUNT required pam_x.so`
    const rules = parseStack(text).filter((entry) => entry.kind === 'rule')
    assert.deepEqual(
      rules.map(({ type, control, module, args, line }) => [type, control, module, args, line]),
      [
        ['auth', '[success=2 default=ignore]', 'pam_unix.so', ['nullok'], 2],
        ['session', 'optional', 'pam_systemd.so', [], 3],
        ['session', 'required', 'pam_exec.so', ['[a b]', 'c'], 5],
        ['account', 'required', 'pam_x.so', [], 7],
      ],
    )
  })

  test('is printed byte for byte, whatever it holds', () => {
    const word = fc.constantFrom(
      'auth',
      'session',
      ' ',
      '\t',
      '\n',
      '\\\n',
      '#',
      '[',
      ']',
      '=',
      'pam_unix.so',
      '@include x',
      '\r',
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(word).map((words) => words.join('')),
        ),
        (text) => {
          assert.equal(printStack(parseStack(text)), text)
        },
      ),
      runs(2000),
    )
  })

  test('of this machine is printed byte for byte', () => {
    for (const name of readdirSync('/etc/pam.d')) {
      const text = readFileSync(join('/etc/pam.d', name), 'latin1')
      assert.equal(printStack(parseStack(text)), text, name)
    }
  })

  test('tells which rules run the hook, and only those', () => {
    const text = `session optional pam_exec.so quiet ${HOOK}
# session optional pam_exec.so ${HOOK}
session optional pam_exec.so ${HOOK}-other
auth [default=ignore] pam_exec.so quiet \\
 ${HOOK} --outcome failure`
    assert.deepEqual(
      rulesThatRun(parseStack(text), HOOK).map(({ line }) => line),
      [1, 4],
    )
  })
})

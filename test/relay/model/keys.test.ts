import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { type NamedKey, namedKeys, parseKeys, printKeys } from '../../../relay/model/keys.ts'

const BLOB = 'AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl'
const FINGERPRINT = 'SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU'

describe('authorized_keys', () => {
  const name = (line: string) => namedKeys('alice', line).map(({ fingerprint, name }) => [fingerprint, name])

  test('the comment is the name, whatever options stand before the key', () => {
    for (const options of [
      '',
      'no-pty,restrict ',
      'command="echo \\"hi\\" ssh-ed25519 AAAAB3NzaC1yc2EAAAADAQAB x",no-pty ',
      'from="10.0.0.0/8, *.example" ',
    ])
      assert.deepEqual(name(`${options}ssh-ed25519 ${BLOB} alice@laptop  2024`), [[FINGERPRINT, 'alice@laptop  2024']])
    assert.deepEqual(name(`  sk-ssh-ed25519@openssh.com ${BLOB} yubi\r`), [[FINGERPRINT, 'yubi']])
  })

  test('no comment is no name, and what is no key is nothing', () => {
    for (const line of [`ssh-ed25519 ${BLOB}`, `# ssh-ed25519 ${BLOB} alice`, '', 'ssh-ed25519', '"', 'root:x:0:0'])
      assert.deepEqual(name(line), [])
  })

  test('a comment cannot lie by characters that nobody sees, nor by its length', () => {
    assert.deepEqual(
      name(`ssh-ed25519 ${BLOB} a\u202eb\u001b[1mc${'x'.repeat(200)}`)[0]?.[1],
      `a b [1mc${'x'.repeat(56)}`,
    )
  })

  test('a hostile line is read in the time that its length takes', () => {
    assert.deepEqual(name(`${'"a" '.repeat(20_000)}"`), [])
    assert.deepEqual(name(`${'a,"\\'.repeat(20_000)}`), [])
  })

  test('the list that root keeps reads back as it was written', () => {
    const word = fc.stringMatching(/^[\w.@-]{1,20}$/)
    const key: fc.Arbitrary<NamedKey> = fc.record(
      {
        user: word,
        fingerprint: fc.constant(FINGERPRINT),
        name: fc.stringMatching(/^[^\s][^\n\r\u2028\u2029]{0,20}$/),
      },
      { noNullPrototype: true },
    )
    fc.assert(fc.property(fc.array(key), (keys) => assert.deepEqual(parseKeys(printKeys(keys)), keys)))
  })
})

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { keyFiles, pathOf, readKeys } from '../../../relay/cli/authorized-keys.ts'
import { pathsBelow } from '../../../relay/model/paths.ts'
import { command } from '../../helpers/relay.ts'
import { tempDir } from '../../helpers/temp.ts'

const UID = 54_321
const LINE = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl'
const alice = { name: 'alice', uid: UID, gid: UID, home: '/home/alice' }
const needsRoot = process.geteuid?.() === 0 ? false : 'needs root'
const ONE = ['.ssh/authorized_keys']

function home(t: TestContext) {
  const root = tempDir(t)
  chmodSync(root, 0o755)
  for (const dir of ['home/alice/.ssh', 'root/.ssh', 'etc/pam-alert', 'var/lib/pam-alert'])
    mkdirSync(join(root, dir), { recursive: true })
  chmodSync(join(root, 'root'), 0o700)
  writeFileSync(join(root, 'root/.ssh/authorized_keys'), `${LINE} the boss\n`)
  const file = join(root, 'home/alice/.ssh/authorized_keys')
  return { root, file, read: () => readKeys(alice, ONE, root) }
}

describe('authorized_keys of a hostile user', { skip: needsRoot }, () => {
  test('a plain file is read, even if only its user may', (t) => {
    const { file, read } = home(t)
    writeFileSync(file, `${LINE} laptop\n`, { mode: 0o600 })
    assert.equal(read(), '', 'it is root’s, not his')
    chownSync(file, UID, UID)
    assert.equal(read(), `${LINE} laptop\n`)
    assert.deepEqual([process.geteuid?.(), process.getegid?.()], [0, 0])
  })

  test('a link, a pipe, a device, a directory, a huge file are not, and nobody waits', (t) => {
    const { root, file, read } = home(t)
    const attempts: (() => void)[] = [
      () => symlinkSync(join(root, 'root/.ssh/authorized_keys'), file),
      () => symlinkSync('/dev/zero', file),
      () => execFileSync('mkfifo', [file]),
      () => mkdirSync(file),
      () => {
        writeFileSync(file, '')
        truncateSync(file, 2 ** 30)
      },
    ]
    for (const attempt of attempts) {
      attempt()
      assert.equal(read(), '')
      execFileSync('rm', ['-rf', file])
    }
    execFileSync('rm', ['-rf', join(root, 'home/alice/.ssh')])
    symlinkSync(join(root, 'root/.ssh'), join(root, 'home/alice/.ssh'))
    assert.equal(read(), '', 'nor through a directory that is a link')
  })

  test('what is learnt is kept for root and the relay, and listed', async (t) => {
    const { root, file } = home(t)
    const paths = pathsBelow(root)
    writeFileSync(paths.passwd, 'root:x:0:0::/root:/bin/sh\nalice:x:54321:54321::/home/alice:/bin/sh\n')
    writeFileSync(file, `${LINE} laptop\n${LINE}\n`)
    chownSync(paths.stateDir, UID, UID)
    const learnt = await command(root, 'keys', 'learn')
    assert.deepEqual(
      [learnt.status, learnt.stdout],
      [0, 'Learnt the names of 2 keys of 2 users; alerts use them from now on.\n'],
    )
    const { uid, gid, mode } = statSync(paths.knownKeys)
    assert.deepEqual([uid, gid, mode & 0o777], [0, UID, 0o640])
    writeFileSync(paths.config, '[keys]\n"SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" = "the lift"\n')
    const { stdout } = await command(root, 'keys', 'list')
    assert.deepEqual(stdout.trimEnd().split('\n'), [
      '*      SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA  the lift',
      'root   SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU  the boss',
      'alice  SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU  laptop',
    ])
  })
})

describe('AuthorizedKeysFile', () => {
  test('is what sshd says, or its default where there is none', (t) => {
    const sshd = join(tempDir(t), 'sshd')
    assert.deepEqual(keyFiles(sshd), ['.ssh/authorized_keys', '.ssh/authorized_keys2'])
    writeFileSync(sshd, '#!/bin/sh\necho port 22\necho authorizedkeysfile /etc/ssh/keys/%u .ssh/authorized_keys none\n')
    chmodSync(sshd, 0o755)
    assert.deepEqual(keyFiles(sshd), ['/etc/ssh/keys/%u', '.ssh/authorized_keys'])
  })

  test('knows its tokens', () => {
    assert.equal(pathOf('/etc/keys/%u.%U%%', '/', alice), '/etc/keys/alice.54321%')
    assert.equal(pathOf('%h/keys', '/r', alice), '/r/home/alice/keys')
    assert.equal(pathOf('keys', '/', alice), '/home/alice/keys')
  })
})

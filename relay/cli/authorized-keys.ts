// Reads authorized_keys files as sshd does: as the user whose they are, for his directory is his to booby-trap.
// Nothing but a small plain file is read, and it never waits for one.
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import type { Account } from '../machine/accounts.ts'
import { sshdSettings } from './sshd.ts'

const FILE_MAX_BYTES = 1_048_576
/** What sshd does where nobody said otherwise. */
const DEFAULT_FILES = ['.ssh/authorized_keys', '.ssh/authorized_keys2']

/** AuthorizedKeysFile of the running configuration, sshd_config(5). */
export function keyFiles(sshd?: string): readonly string[] {
  const files = sshdSettings(sshd)?.get('authorizedkeysfile')
  return files === undefined ? DEFAULT_FILES : files.split(' ').filter((file) => file !== 'none')
}

/** The tokens of sshd_config(5), TOKENS; a relative path starts at home. */
export function pathOf(file: string, root: string, { name, uid, home }: Account): string {
  const tokens: Record<string, string> = { '%': '%', h: home, u: name, U: String(uid) }
  const path = file.replace(/%(.)/g, (whole, token: string) => tokens[token] ?? whole)
  return join(root, path.startsWith('/') ? path : join(home, path))
}

function readBounded(fd: number): string | null {
  const stats = fstatSync(fd)
  if (!stats.isFile() || stats.size > FILE_MAX_BYTES) return null
  const text = Buffer.alloc(stats.size)
  return text.toString('utf8', 0, readSync(fd, text, 0, text.length, 0))
}

/** null: there is none, or it is no small plain file that its user may read. */
function readPlain(path: string): string | null {
  try {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY)
    try {
      return readBounded(fd)
    } finally {
      closeSync(fd)
    }
  } catch {
    // Whatever the user has put there, it names no key.
    return null
  }
}

/** With the user's own rights and no others: a link into another's directory leads nowhere. */
function as<T>({ uid, gid }: Account, work: () => T): T {
  const groups = process.getgroups?.() ?? []
  process.setgroups?.([gid])
  process.setegid?.(gid)
  process.seteuid?.(uid)
  try {
    return work()
  } finally {
    process.seteuid?.(0)
    process.setegid?.(0)
    process.setgroups?.(groups)
  }
}

/** What this user's files hold. Root only. */
export function readKeys(account: Account, files: readonly string[], root: string): string {
  const paths = files.map((file) => pathOf(file, root, account))
  return as(account, () =>
    paths
      .map(readPlain)
      .filter((text) => text !== null)
      .join('\n'),
  )
}

// Giving up root for good. Under systemd the unit has done it already.
import { readFileSync } from 'node:fs'

declare global {
  namespace NodeJS {
    interface Process {
      initgroups?(user: string, extraGroup: string): void
    }
  }
}

export const RELAY_USER = 'pam-alert'

/** Those of these groups that this system has, by number. */
export function knownGroups(names: readonly string[]): { name: string; gid: number }[] {
  const lines = readFileSync('/etc/group', 'utf8').split('\n')
  return lines.flatMap((line) => {
    const [name = '', , gid] = line.split(':')
    return names.includes(name) ? [{ name, gid: Number(gid) }] : []
  })
}

/**
 * @param groups of which the process is a member beside its user's own
 * @throws Error if there is no such user, or if root could be had again
 */
export function dropPrivileges(groups: readonly string[]) {
  process.initgroups?.(RELAY_USER, RELAY_USER)
  process.setgid?.(RELAY_USER)
  // Only now: before, root's own group is among them.
  process.setgroups?.([...(process.getgroups?.() ?? []), ...knownGroups(groups).map(({ gid }) => gid)])
  process.setuid?.(RELAY_USER)
  try {
    process.setuid?.(0)
  } catch {
    return
  }
  throw new Error('root could be had again after setuid')
}

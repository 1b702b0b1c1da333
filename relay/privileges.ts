// Giving up root for good. Under systemd the unit has done it already.

declare global {
  namespace NodeJS {
    interface Process {
      initgroups?(user: string, extraGroup: string): void
    }
  }
}

export const RELAY_USER = 'pam-alert'

/** @throws Error if there is no such user, or if root could be had again */
export function dropPrivileges() {
  process.initgroups?.(RELAY_USER, RELAY_USER)
  process.setgid?.(RELAY_USER)
  process.setuid?.(RELAY_USER)
  try {
    process.setuid?.(0)
  } catch {
    return
  }
  throw new Error('root could be had again after setuid')
}

// Where everything lies, below a root that tests and --root can move; it never touches the disk.
import { join } from 'node:path'

export interface Paths {
  root: string
  lib: string
  hook: string
  command: string
  config: string
  /** The last configuration that worked. */
  lastGoodConfig: string
  secrets: string
  /** What users' keys are called, as root has learnt it. */
  knownKeys: string
  runDir: string
  socket: string
  stateDir: string
  database: string
  hostKey: string
  spool: string
  /** Everybody may read these two. */
  passwd: string
  group: string
}

/** All paths below `root`, "/" on a real system. */
export function pathsBelow(root: string): Paths {
  const at = (path: string) => join(root, path)
  return {
    root,
    lib: at('/usr/lib/pam-alert'),
    hook: at('/usr/lib/pam-alert/pam-alert-hook'),
    command: at('/usr/bin/pam-alert'),
    config: at('/etc/pam-alert/config.toml'),
    lastGoodConfig: at('/var/lib/pam-alert/config.last-good.toml'),
    secrets: at('/etc/pam-alert/secrets'),
    knownKeys: at('/etc/pam-alert/known-keys'),
    runDir: at('/run/pam-alert'),
    socket: at('/run/pam-alert/relay.sock'),
    stateDir: at('/var/lib/pam-alert'),
    database: at('/var/lib/pam-alert/relay.db'),
    hostKey: at('/var/lib/pam-alert/host.key'),
    spool: at('/var/spool/pam-alert'),
    passwd: at('/etc/passwd'),
    group: at('/etc/group'),
  }
}

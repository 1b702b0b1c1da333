// Which mechanism this system has for changing PAM; its own tools are used, never an editor.
import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** What is known of systems that pam-alert can't change yet. */
const OTHERS: readonly (readonly [path: string, name: string])[] = [
  ['/usr/bin/authselect', 'authselect (Fedora, RHEL)'],
  ['/usr/sbin/pam-config', 'pam-config (openSUSE)'],
  ['/etc/NIXOS', 'NixOS modules'],
  ['/etc/arch-release', 'plain files (Arch)'],
  ['/etc/alpine-release', 'plain files (Alpine)'],
]

export type Mechanism = { kind: 'pam-auth-update' } | { kind: 'unknown'; name: string }

export function mechanismOf(root: string): Mechanism {
  if (existsSync(join(root, '/usr/sbin/pam-auth-update'))) return { kind: 'pam-auth-update' }
  const other = OTHERS.find(([path]) => existsSync(join(root, path)))
  return { kind: 'unknown', name: other?.[1] ?? 'no known mechanism' }
}

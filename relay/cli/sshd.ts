// What the ssh server of this machine is told to do: sshd -T, for root.
import { spawnSync } from 'node:child_process'

/** Setting → value, in sshd's own small letters; null where there is no sshd, or it doesn't say. */
export function sshdSettings(sshd = '/usr/sbin/sshd'): ReadonlyMap<string, string> | null {
  const { status, stdout } = spawnSync(sshd, ['-T'], { encoding: 'utf8', timeout: 5000 })
  if (status !== 0) return null
  return new Map([...stdout.matchAll(/^(\S+) (.*)$/gm)].map(([, name = '', value = '']) => [name, value]))
}

// What a test needs of the machine: it is skipped by name where that is missing. In CI nothing may be.
import { existsSync } from 'node:fs'
import { join } from 'node:path'

const DIRECTORIES = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin']

/** For the `skip` of a test: false if all commands are there, else which are not. */
export function without(...commands: string[]): string | false {
  const missing = commands.filter((command) => !DIRECTORIES.some((dir) => existsSync(join(dir, command))))
  return missing.length === 0 ? false : `needs ${missing.join(', ')}`
}

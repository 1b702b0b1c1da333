// pam-alert keys learn | list: what alerts call the keys that let users in.
import { closeSync, fchownSync, fsyncSync, openSync, readFileSync, renameSync, statSync, writeSync } from 'node:fs'
import { createAccounts } from '../machine/accounts.ts'
import { PamAlertError } from '../model/errors.ts'
import { type NamedKey, namedKeys, parseKeys, printKeys } from '../model/keys.ts'
import type { Paths } from '../model/paths.ts'
import { plural } from '../model/text.ts'
import { createSecretReader, loadSettings, readConfig } from '../settings.ts'
import { keyFiles, readKeys } from './authorized-keys.ts'
import { say, sayJson } from './terminal.ts'

/** Root's, and readable by the relay, whose directory tells its group. */
function write(paths: Paths, text: string) {
  const fd = openSync(`${paths.knownKeys}.new`, 'w', 0o640)
  try {
    fchownSync(fd, 0, statSync(paths.stateDir).gid)
    writeSync(fd, text)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  renameSync(`${paths.knownKeys}.new`, paths.knownKeys)
}

/** @throws {PamAlertError} not_root, not_installed */
export function learn(paths: Paths) {
  if (process.geteuid?.() !== 0) throw new PamAlertError('not_root')
  if (!statSync(paths.stateDir, { throwIfNoEntry: false })) throw new PamAlertError('not_installed')
  const files = keyFiles()
  const keys: NamedKey[] = []
  let users = 0
  for (const account of createAccounts(paths).all()) {
    const found = namedKeys(account.name, readKeys(account, files, paths.root))
    if (found.length > 0) users += 1
    keys.push(...found)
  }
  write(paths, printKeys(keys))
  say(`Learnt the names of ${plural(keys.length, 'key')} of ${plural(users, 'user')}; alerts use them from now on.`)
}

function learnt(paths: Paths): NamedKey[] {
  try {
    return parseKeys(readFileSync(paths.knownKeys, 'utf8'))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return []
    if (code === 'EACCES') throw new PamAlertError('not_root')
    throw error
  }
}

/** The operator's own names first: they hold for every user. */
export function list(paths: Paths, { json = false }: { json?: boolean }) {
  const { settings } = loadSettings(readConfig(paths.config), createSecretReader(paths), () => Buffer.alloc(0))
  const given = [...(settings?.config.keys ?? [])].map(([fingerprint, name]) => ({ user: null, fingerprint, name }))
  const keys = [...given, ...learnt(paths)]
  const width = Math.max(0, ...keys.map(({ user }) => user?.length ?? 1))
  for (const key of keys) {
    if (json) sayJson(key)
    else say(`${(key.user ?? '*').padEnd(width)}  ${key.fingerprint}  ${key.name}`)
  }
  if (keys.length === 0 && !json) say('No key has a name: name them under [keys], or run pam-alert keys learn.')
}

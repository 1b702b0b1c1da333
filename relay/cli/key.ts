// pam-alert key: the host's public key, for whoever checks signatures.
import { existsSync } from 'node:fs'
import { PamAlertError } from '../model/errors.ts'
import type { Paths } from '../model/paths.ts'
import { openHostKey } from '../sign.ts'
import { say } from './terminal.ts'

/** @throws {PamAlertError} not_root, not_installed */
export function key(paths: Paths) {
  if (process.geteuid?.() !== 0 && paths.root === '/') throw new PamAlertError('not_root')
  if (!existsSync(paths.hostKey))
    throw new PamAlertError('not_installed', 'the relay makes the key when it first starts')
  say(openHostKey(paths.hostKey).publicKey)
}

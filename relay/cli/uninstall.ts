// pam-alert uninstall: the exact reverse. PAM first and the hook last, so that no login meets a line
// whose program is gone.
import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { createPam, LocallyModified } from '../../pam/apply.ts'
import { PamAlertError } from '../model/errors.ts'
import type { Paths } from '../model/paths.ts'
import { RELAY_USER } from '../privileges.ts'
import { initOf } from '../service/init.ts'
import { say } from './terminal.ts'

/** @throws {PamAlertError} pam_not_removed: then nothing else was touched */
function takeOutOfPam(paths: Paths) {
  const pam = createPam(paths.root, paths.hook, '')
  try {
    const left = pam.disable()
    if (left.length === 0) return
    const lines = left.map(({ file, line, raw }) => `${file}:${line}: ${raw}`)
    throw new PamAlertError('pam_not_removed', lines.join('\n'))
  } catch (error) {
    if (!(error instanceof LocallyModified)) throw error
    const lines = pam.callers().map(({ file, line, raw }) => `${file}:${line}: ${raw}`)
    throw new PamAlertError('pam_not_removed', `${error.message}\n${lines.join('\n')}`)
  }
}

export async function uninstall(paths: Paths, { purge = false }: { purge?: boolean }) {
  if (process.geteuid?.() !== 0) throw new PamAlertError('not_root')
  takeOutOfPam(paths)
  say('PAM is as it was before.')
  initOf(paths, []).disable()
  rmSync(paths.runDir, { recursive: true, force: true })
  say('The relay is stopped and will not be started again.')
  const kept = [dirname(paths.config), paths.stateDir, paths.spool]
  if (purge) {
    for (const path of [...kept, '/var/log/pam-alert.log']) rmSync(path, { recursive: true, force: true })
    spawnSync('userdel', [RELAY_USER])
  }
  rmSync(paths.command, { force: true })
  rmSync(paths.lib, { recursive: true, force: true })
  say(
    purge
      ? 'Configuration, keys and history are gone, too.'
      : `Configuration, keys and history are kept; to be rid of them, too:\n    rm -r ${kept.join(' ')}\n    userdel ${RELAY_USER}`,
  )
}

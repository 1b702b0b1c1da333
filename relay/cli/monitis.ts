// pam-alert monitis create: the monitor that a notifier writes to. Run again, it finds the same one.
import { PamAlertError } from '../model/errors.ts'
import type { Paths } from '../model/paths.ts'
import { ensureMonitor, type MonitisOptions } from '../notifiers/monitis.ts'
import { createSecretReader } from '../settings.ts'
import { configuredNotifier } from './configured.ts'
import { say, style } from './terminal.ts'

const WITHIN_MS = 30_000

type Table = MonitisOptions & { apikey_file: string; secretkey_file: string }

/** @throws {PamAlertError} not_root, usage, config_invalid, config_unreadable, monitis_refused */
export async function create(paths: Paths, wanted: string | undefined) {
  if (process.geteuid?.() !== 0 && paths.root === '/') throw new PamAlertError('not_root')
  const { name, table, network } = configuredNotifier<Table>(paths, 'monitis', wanted)
  if (table === null)
    throw new PamAlertError('usage', `${paths.config} has no [notifiers.${name}] of type monitis; see config example`)
  const read = createSecretReader(paths)
  const secretOf = (path: string) => {
    try {
      return read(path)
    } catch (error) {
      throw new PamAlertError('config_invalid', (error as Error).message)
    }
  }
  const secrets = { apikey: secretOf(table.apikey_file), secretkey: secretOf(table.secretkey_file) }
  const dependencies = { secrets, network, sign: () => Buffer.alloc(0), now: Date.now }
  const monitor = await ensureMonitor(table, dependencies, AbortSignal.timeout(WITHIN_MS))
  if ('reason' in monitor) throw new PamAlertError('monitis_refused', `${table.url}: ${monitor.reason}`)
  const tag = table.tag ?? 'pam-alert'
  say(style('green', `Monitor ${monitor.id} ${monitor.made ? 'was made' : 'is there already'}, with the tag ${tag}.`))
  if (String(table.monitor) === monitor.id) return say(`[notifiers.${name}] is right as it is.`)
  say(`\nIn ${paths.config}, below [notifiers.${name}]:\n\n    monitor = ${monitor.id}`)
  say('\nNext: pam-alert config check, then systemctl restart pam-alert')
}

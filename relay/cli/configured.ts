// The notifier that a verb is about, as the configuration has it.
import { readFileSync } from 'node:fs'
import { parseConfig } from '../model/config/config.ts'
import { PamAlertError } from '../model/errors.ts'
import type { Paths } from '../model/paths.ts'
import { createNetwork, type Network } from '../notifiers/http.ts'
import { kinds } from '../notifiers/index.ts'
import { readConfig } from '../settings.ts'

export interface Configured<Table> {
  name: string
  /** null: there is none. */
  table: Table | null
  network: Network
}

/**
 * @param wanted its name; undefined: the only one of its type
 * @throws {PamAlertError} config_invalid, config_unreadable, usage
 */
export function configuredNotifier<Table>(paths: Paths, type: string, wanted: string | undefined): Configured<Table> {
  const { config, errors } = parseConfig(readConfig(paths.config) ?? '', kinds)
  if (config === null)
    throw new PamAlertError('config_invalid', errors.map((e) => `${paths.config}:${e.line}: ${e.message}`).join('\n'))
  const { proxy, caFile } = config.network
  const network = createNetwork(proxy, caFile === null ? null : readFileSync(caFile, 'utf8'))
  const named = config.notifiers.find(({ name }) => name === wanted)
  if (named !== undefined && named.type !== type)
    throw new PamAlertError('usage', `notifier ${wanted} is of type ${named.type}, not ${type}`)
  const [only, ...others] = config.notifiers.filter((notifier) => notifier.type === type)
  const found = named ?? (wanted === undefined && others.length === 0 ? only : undefined)
  return { name: found?.name ?? wanted ?? type, table: (found?.options ?? null) as Table | null, network }
}

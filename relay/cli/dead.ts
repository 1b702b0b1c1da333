// pam-alert dead list | retry | drop: alerts that their notifier refused for good.
import type { DeadLetter } from '../db/deliveries.ts'
import { EXIT, PamAlertError } from '../model/errors.ts'
import type { Paths } from '../model/paths.ts'
import { get, post } from './client.ts'
import { localTime, say, sayJson, style } from './terminal.ts'

const letters = async (paths: Paths) => (await get<{ dead: DeadLetter[] }>(paths.socket, '/v1/dead')).dead

export async function list(paths: Paths, { json = false }: { json?: boolean }) {
  const dead = await letters(paths)
  for (const letter of dead) {
    if (json) sayJson(letter)
    else {
      say(`${style('bold', String(letter.id))}  ${localTime(letter.since)}  ${letter.notifier}: ${letter.reason}`)
      say(`    ${letter.text}`)
    }
  }
  if (dead.length === 0 && !json) say('There are no dead letters.')
}

/** @throws {PamAlertError} usage */
async function chosen(paths: Paths, ids: readonly string[]): Promise<number[]> {
  if (ids.length === 1 && ids[0] === 'all') return (await letters(paths)).map(({ id }) => id)
  const wrong = ids.find((id) => !/^\d{1,15}$/.test(id))
  if (wrong !== undefined) throw new PamAlertError('usage', `${wrong}: an id as pam-alert dead list shows it, or all`)
  return ids.map(Number)
}

async function act(paths: Paths, ids: readonly string[], action: 'retry' | 'drop', done: string) {
  const { count } = await post<{ count: number }>(paths.socket, `/v1/dead/${action}`, { ids: await chosen(paths, ids) })
  say(count > 0 ? `${count} ${done}` : 'None of these is there; pam-alert dead list shows which are.')
  if (count === 0) process.exitCode = EXIT.notSo
}

export const retry = (paths: Paths, ids: readonly string[]) => act(paths, ids, 'retry', 'will be sent again.')
export const drop = (paths: Paths, ids: readonly string[]) => act(paths, ids, 'drop', 'given up.')

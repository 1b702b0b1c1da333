// pam-alert emergency list | cancel: messages that ring until somebody answers, and who did.
import type { Emergency } from '../db/emergencies.ts'
import { EXIT, PamAlertError } from '../model/errors.ts'
import type { Paths } from '../model/paths.ts'
import { get, post } from './client.ts'
import { localTime, say, sayJson, style } from './terminal.ts'

const all = async (paths: Paths) =>
  (await get<{ emergencies: Emergency[] }>(paths.socket, '/v1/emergencies')).emergencies

/** acknowledged 2026-11-20 14:40:02 by phone */
export function endOf({ state, by, until, notifier }: Emergency): string {
  const told = {
    ringing: 'rings',
    expired: 'nobody answered until',
    lost: 'no answer is known',
    cancelled: 'cancelled',
  }
  const words = state === 'acknowledged' ? 'acknowledged' : told[state]
  return `${notifier}: ${[words, until === null ? '' : localTime(until), by ? `by ${by}` : ''].filter(Boolean).join(' ')}`
}

export async function list(paths: Paths, { json = false }: { json?: boolean }) {
  const emergencies = await all(paths)
  for (const emergency of emergencies) {
    if (json) sayJson(emergency)
    else {
      const { id, since, state, text } = emergency
      const end = endOf(emergency)
      say(`${style('bold', String(id))}  ${localTime(since)}  ${state === 'ringing' ? style('red', end) : end}`)
      say(`    ${text}`)
    }
  }
  if (emergencies.length === 0 && !json) say('There were no emergencies.')
}

/** @throws {PamAlertError} usage */
export async function cancel(paths: Paths, given: readonly string[]) {
  const wrong = given.find((id) => !/^\d{1,15}$/.test(id) && id !== 'all')
  if (wrong !== undefined)
    throw new PamAlertError('usage', `${wrong}: an id as pam-alert emergency list shows it, or all`)
  const ids = given.includes('all')
    ? (await all(paths)).filter(({ state }) => state === 'ringing').map(({ id }) => id)
    : given.map(Number)
  const { count } = await post<{ count: number }>(paths.socket, '/v1/emergencies/cancel', { ids })
  if (count === 0) say('None of these rings; pam-alert emergency list shows which do.')
  else say(count === 1 ? '1 rings no more.' : `${count} ring no more.`)
  if (count < ids.length) process.exitCode = EXIT.notSo
}

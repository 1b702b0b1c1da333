// pam-alert expect: announces logins, that they are counted and not told one by one.
import { isNetwork } from '../model/address.ts'
import { EXIT, PamAlertError } from '../model/errors.ts'
import { type Announcement, type Expectation, inWords, LONGEST_MS } from '../model/expectation.ts'
import type { Paths } from '../model/paths.ts'
import { durationMs } from '../model/quantity.ts'
import { get, post } from './client.ts'
import { localTime, say, sayJson, style } from './terminal.ts'

export interface ExpectOptions {
  user?: string
  source?: string[]
  for?: string
  reason?: string
  list?: boolean
  end?: string
  json?: boolean
}

export const expectations = async (paths: Paths): Promise<Expectation[]> =>
  (await get<{ expectations: Expectation[] }>(paths.socket, '/v1/expectations')).expectations

/** 3  deploy from 10.0.0.0/8 until 2026-11-20 14:48:36 (nightly): 12 so far */
export function expectationInWords(expectation: Expectation): string {
  const { id, reason, untilMs, held } = expectation
  const until = localTime(new Date(untilMs).toISOString())
  return `${style('bold', String(id))}  ${inWords(expectation)} until ${until}${reason === null ? '' : ` (${reason})`}: ${held} so far`
}

/** @throws {PamAlertError} usage */
function announcementOf({ user, source = [], for: lasting, reason }: ExpectOptions): Announcement {
  if (user === undefined && source.length === 0)
    throw new PamAlertError('usage', 'say who comes: --user, --source or both')
  if (lasting === undefined) throw new PamAlertError('usage', 'say for how long: --for 10m')
  const ms = durationMs(lasting)
  if (!(ms >= 1000 && ms <= LONGEST_MS))
    throw new PamAlertError('usage', `--for ${lasting}: must be a duration such as 10m, and no longer than a week`)
  const wrong = source.find((network) => !isNetwork(network))
  if (wrong !== undefined)
    throw new PamAlertError('usage', `--source ${wrong}: neither an address nor a network such as 10.0.0.0/8`)
  return { user: user ?? null, source, reason: reason ?? null, durationMs: ms }
}

/** @throws {PamAlertError} usage, relay_unreachable, relay_refused */
export async function expect(paths: Paths, options: ExpectOptions) {
  const { json = false } = options
  if (options.list) {
    const open = await expectations(paths)
    if (json) for (const expectation of open) sayJson(expectation)
    else for (const expectation of open) say(expectationInWords(expectation))
    if (open.length === 0 && !json) say('Nothing is expected.')
    return
  }
  if (options.end !== undefined) {
    const id = Number(options.end)
    if (!Number.isSafeInteger(id) || id < 1)
      throw new PamAlertError('usage', `--end ${options.end}: an id as --list shows it`)
    const { ended } = await post<{ ended: boolean }>(paths.socket, '/v1/expectations/end', { id })
    say(ended ? 'It has ended; what came is told now.' : `There is no expectation ${id}.`)
    if (!ended) process.exitCode = EXIT.notSo
    return
  }
  const announcement = announcementOf(options)
  const { id } = await post<{ id: number }>(paths.socket, '/v1/expectations', announcement)
  if (json) return sayJson({ id })
  const until = localTime(new Date(Date.now() + announcement.durationMs).toISOString())
  say(`${inWords(announcement)}: successes are counted until ${until}, and told then.`)
  say(`pam-alert expect --end ${id} ends it before.`)
}

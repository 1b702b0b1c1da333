// pam-alert history: past events, filtered. It asks the relay, or reads the store if that is down.
import { existsSync } from 'node:fs'
import { openReadOnly } from '../db/database.ts'
import { createEmergencies, type Emergency } from '../db/emergencies.ts'
import { createEvents, type EventFilter, type Origin, type StoredEvent } from '../db/events.ts'
import { alertFor } from '../model/alert.ts'
import { PamAlertError } from '../model/errors.ts'
import type { Paths } from '../model/paths.ts'
import { durationMs } from '../model/quantity.ts'
import { get } from './client.ts'
import { endOf } from './emergency.ts'
import { localTime, say, sayJson, style } from './terminal.ts'

export interface HistoryOptions {
  user?: string
  source?: string
  service?: string
  failed?: boolean
  since?: string
  limit: string
  json?: boolean
}

/** @param emergencies what rang until somebody answered, of any events */
export function printEvent({ record, meaning }: StoredEvent, json: boolean, emergencies: readonly Emergency[]) {
  const own = emergencies.filter(({ seq }) => seq === record.seq)
  if (json) return sayJson({ ...record, ...meaning, ...(own.length > 0 && { emergencies: own }) })
  const text = meaning === null ? `event ${record.seq}` : alertFor(record, meaning).text
  const bad = record.outcome === 'failure' || meaning?.attack?.situation === 'break_in'
  say(`${style('dim', localTime(record.time))}  ${bad ? style('red', text) : text}`)
  for (const emergency of own) say(`    ${endOf(emergency)}`)
}

/** "2d" ago, or a date. @throws {PamAlertError} usage */
function sinceOf(text: string, now: number): string {
  const ms = durationMs(text)
  const at = Number.isNaN(ms) ? Date.parse(text) : now - ms
  if (Number.isNaN(at)) throw new PamAlertError('usage', `--since ${text}: neither a duration such as 2d nor a date`)
  return new Date(at).toISOString()
}

interface Found {
  events: StoredEvent[]
  emergencies: Emergency[]
  origin: Origin | null
}

async function find(paths: Paths, filter: EventFilter, limit: number): Promise<Found> {
  const query = new URLSearchParams({ ...(filter as Record<string, string>), limit: String(limit) })
  try {
    return await get<Found>(paths.socket, `/v1/events?${query}`)
  } catch (error) {
    if (!(error instanceof PamAlertError && error.code === 'relay_unreachable' && existsSync(paths.database)))
      throw error
    const db = openReadOnly(paths.database)
    try {
      const events = createEvents(db)
      const found = events.find(filter, limit)
      const seqs = found.map(({ record }) => record.seq)
      const emergencies = createEmergencies(db).between(seqs[0] ?? 0, seqs.at(-1) ?? 0)
      return { events: found, emergencies, origin: events.origin() }
    } finally {
      db.close()
    }
  }
}

export async function history(paths: Paths, options: HistoryOptions) {
  const { user, source, service, failed, since, limit, json = false } = options
  if (!/^\d{1,4}$/.test(limit)) throw new PamAlertError('usage', `--limit ${limit}: must be a number up to 9999`)
  const filter = {
    ...(user !== undefined && { user }),
    ...(source !== undefined && { source }),
    ...(service !== undefined && { service }),
    ...(failed && { outcome: 'failure' }),
    ...(since !== undefined && { since: sinceOf(since, Date.now()) }),
  }
  const { events, emergencies, origin } = await find(paths, filter, Number(limit))
  if (origin?.reason && events.length < Number(limit) && !json)
    say(style('yellow', `The history begins ${localTime(origin.since)}: ${origin.reason}`))
  for (const event of events) printEvent(event, json, emergencies)
  if (events.length === 0 && !json) say('No event matches.')
}

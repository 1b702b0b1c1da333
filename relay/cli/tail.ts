// pam-alert tail: events as they come, until interrupted.
import type { Emergency } from '../db/emergencies.ts'
import type { StoredEvent } from '../db/events.ts'
import type { Paths } from '../model/paths.ts'
import { get } from './client.ts'
import { printEvent } from './history.ts'

interface Page {
  events: StoredEvent[]
  emergencies: Emergency[]
  last_seq: number
}

/** @throws {PamAlertError} relay_unreachable when the relay goes away */
export async function tail(paths: Paths, { json = false, lines }: { json?: boolean; lines: string }) {
  const past = await get<Page>(paths.socket, `/v1/events?limit=${lines}`)
  for (const event of past.events) printEvent(event, json, past.emergencies)
  let after = past.events.at(-1)?.record.seq ?? past.last_seq
  for (;;) {
    const { events, emergencies } = await get<Page>(paths.socket, `/v1/events?after=${after}&wait_s=60`)
    for (const event of events) printEvent(event, json, emergencies)
    after = events.at(-1)?.record.seq ?? after
  }
}

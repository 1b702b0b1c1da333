// Events and alerts to test with.

import { enrich } from '../../relay/enrich.ts'
import { type Alert, alertFor } from '../../relay/model/alert.ts'
import type { EventRecord, LoginEvent } from '../../relay/model/event.ts'

let made = 0

/** A UUIDv7 that is another one at each call, in order. */
export function nextId(): string {
  made += 1
  return `019a0000-0000-7000-8000-${made.toString(16).padStart(12, '0')}`
}

export function loginEvent(fields: Partial<LoginEvent> = {}): LoginEvent {
  return {
    v: 1,
    id: nextId(),
    time: '2026-11-20T14:38:36.123456Z',
    type: 'open_session',
    outcome: 'success',
    service: 'sshd',
    user: 'alice',
    rhost: '192.0.2.7',
    ruser: null,
    tty: 'ssh',
    pid: 4666,
    uid: 0,
    ssh: null,
    flags: [],
    ...fields,
  }
}

export function recordOf(fields: Partial<LoginEvent> = {}, seq = made + 1): EventRecord {
  return { ...loginEvent(fields), host: { name: 'web-1', machine_id: null, boot_id: null }, seq }
}

export function alertOf(fields: Partial<LoginEvent> = {}): Alert {
  const record = recordOf(fields)
  return alertFor(record, enrich(record))
}

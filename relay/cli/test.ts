// pam-alert test: a marked event down the real path - PAM, hook, socket, store - and what became of
// each of its deliveries.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { createPam } from '../../pam/apply.ts'
import type { DeliveryState } from '../db/deliveries.ts'
import type { StoredEvent } from '../db/events.ts'
import { EXIT, PamAlertError } from '../model/errors.ts'
import { TEST_SERVICE } from '../model/event.ts'
import type { Paths } from '../model/paths.ts'
import type { Health } from '../ops.ts'
import { get } from './client.ts'
import { say, sayJson, style } from './terminal.ts'

const DELIVERED_WITHIN_MS = 15_000
const POLL_MS = 100

/** Opens a session through libpam, by the very line that the system's logins use; answers the process. */
async function throughPam(paths: Paths, line: string, notifier: string | undefined): Promise<number> {
  const confdir = mkdtempSync(join(tmpdir(), 'pam-alert-test-'))
  try {
    writeFileSync(join(confdir, TEST_SERVICE), `${line}\n`)
    const target = notifier === undefined ? [] : ['--tty', notifier]
    const args = ['--confdir', confdir, '--service', TEST_SERVICE, '--user', 'root', ...target, 'open']
    const child = spawn(join(paths.lib, 'pam-try'), args, { stdio: 'ignore' })
    await new Promise((resolve, reject) => child.on('close', resolve).on('error', reject))
    return child.pid ?? 0
  } finally {
    rmSync(confdir, { recursive: true })
  }
}

async function arrived(paths: Paths, after: number, pid: number): Promise<StoredEvent> {
  const query = `after=${after}&service=${TEST_SERVICE}&wait_s=3`
  const { events } = await get<{ events: StoredEvent[] }>(paths.socket, `/v1/events?${query}`)
  const event = events.find(({ record }) => record.pid === pid)
  if (event) return event
  throw new PamAlertError('relay_refused', 'the hook was called, but its event did not arrive; see the syslog')
}

async function settled(paths: Paths, seq: number): Promise<DeliveryState[]> {
  const until = performance.now() + DELIVERED_WITHIN_MS
  for (;;) {
    const { deliveries } = await get<{ deliveries: DeliveryState[] }>(paths.socket, `/v1/events/${seq}`)
    const busy = deliveries.some(({ state, detail }) => state === 'pending' && detail === null)
    if (!busy || performance.now() > until) return deliveries
    await pause(POLL_MS)
  }
}

function inWords({ state, detail }: DeliveryState): string {
  if (state === 'delivered') return style('green', detail === null ? 'delivered' : `delivered: ${detail}`)
  return style('red', state === 'dead' ? `refused: ${detail}` : `${detail ?? 'no answer yet'}; will be tried again`)
}

/** @throws {PamAlertError} not_installed, relay_unreachable, usage */
export async function test(paths: Paths, notifier: string | undefined, { json = false }: { json?: boolean }) {
  const line = createPam(paths.root, paths.hook, '')
    .callers()
    .find(({ type }) => type === 'session')
  if (line === undefined) throw new PamAlertError('not_installed', 'no line in /etc/pam.d calls the hook')
  const { store, queue } = await get<Health>(paths.socket, '/health')
  if (notifier !== undefined && !(notifier in queue))
    throw new PamAlertError('usage', `there is no notifier ${notifier}; there are ${Object.keys(queue).join(', ')}`)
  const pid = await throughPam(paths, line.raw, notifier)
  const { record } = await arrived(paths, store.events, pid)
  const deliveries = await settled(paths, record.seq)
  if (json) sayJson({ event: record.id, deliveries })
  else {
    say(`Test event ${record.id} went through PAM (${line.file}:${line.line}) and is stored.`)
    const width = Math.max(...deliveries.map(({ notifier }) => notifier.length))
    for (const delivery of deliveries) say(`  ${delivery.notifier.padEnd(width)}  ${inWords(delivery)}`)
  }
  if (deliveries.some(({ state }) => state !== 'delivered')) process.exitCode = EXIT.notSo
}

// Which machine this is. It reads three files, once.
import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import type { Host } from '../model/event.ts'

/** pam-alert's own id for deriving others from; made up once, never to change. */
const APP_ID = Buffer.from('8f0c7d1be2a94c55b7d36a1f4e90c2d8', 'hex')

function firstLine(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim() || null
  } catch {
    // Minimal containers have no such file; the event then says null.
    return null
  }
}

/** As sd_id128_get_machine_app_specific(3): machine-id(5) itself must not leave the machine. */
function appSpecific(machineId: string): string {
  const id = createHmac('sha256', Buffer.from(machineId, 'hex')).update(APP_ID).digest().subarray(0, 16)
  id[6] = ((id[6] ?? 0) & 0x0f) | 0x40
  id[8] = ((id[8] ?? 0) & 0x3f) | 0x80
  return id.toString('hex')
}

export function thisHost(): Host {
  const machineId = firstLine('/etc/machine-id')
  return {
    name: hostname().split('.')[0] ?? hostname(),
    machine_id: machineId !== null && /^[0-9a-f]{32}$/.test(machineId) ? appSpecific(machineId) : null,
    boot_id: firstLine('/proc/sys/kernel/random/boot_id'),
  }
}

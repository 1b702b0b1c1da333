// A day on a busy server, the same at every call: robots, people, attackers, and one who gets in.
import type { LoginEvent } from '../../relay/model/event.ts'
import { loginEvent } from './alerts.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

/** https://en.wikipedia.org/wiki/Linear_congruential_generator, the constants of Numerical Recipes. */
function numbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

const keyOf = (name: string) => `publickey ssh-ed25519 ${Buffer.from(name.padEnd(32, '-')).toString('base64')}\\x0a`

export interface BusyDay {
  /** In the order of their times. */
  events: LoginEvent[]
  /** The success that follows the refusals. */
  breakIn: LoginEvent
}

export function busyDay(start: number, seed = 1): BusyDay {
  const random = numbers(seed)
  const events: LoginEvent[] = []
  const at = (ms: number, fields: Partial<LoginEvent>): LoginEvent => {
    const event = loginEvent({ ...fields, time: new Date(start + ms).toISOString().replace('Z', '000Z') })
    events.push(event)
    return event
  }

  /** sshd's session, systemd's own for the same login, and both closings. */
  function ssh(ms: number, user: string, rhost: string, lastingMs: number, auth_info = keyOf(user)) {
    const port = 1024 + Math.floor(random() * 60_000)
    const login = { user, rhost, ssh: { connection: `${rhost} ${port} 192.0.2.1 22`, auth_info } }
    const systemd = { user, rhost: null, tty: null, service: 'systemd-user' }
    const opened = at(ms, login)
    at(ms + 5, systemd)
    at(ms + lastingMs, { ...login, type: 'close_session' })
    at(ms + lastingMs + 5, { ...systemd, type: 'close_session' })
    return opened
  }

  function become(ms: number, ruser: string, user: string, service: string, lastingMs: number) {
    const change = { user, ruser, rhost: null, tty: '/dev/pts/0', service }
    at(ms, change)
    at(ms + lastingMs, { ...change, type: 'close_session' })
  }

  function refusals(ms: number, count: number, withinMs: number, rhost: string, users: readonly string[]) {
    const stepMs = withinMs / count
    for (let i = 0; i < count; i++) {
      const user = users[Math.floor(random() * users.length)] ?? 'root'
      at(ms + i * stepMs + random() * stepMs, { type: 'auth', outcome: 'failure', user, rhost })
    }
  }

  for (let i = 0; i < 1440; i++) ssh(i * MINUTE + random() * 1000, 'backup', '198.51.100.20', 3000)

  ssh(9 * HOUR, 'deploy', '198.51.100.30', 20 * MINUTE)
  for (let i = 0; i < 200; i++) become(9 * HOUR + 2000 + i * 5500, 'deploy', 'root', 'sudo', 500)

  for (let i = 0; i < 30; i++) {
    const ms = 7 * HOUR + random() * 10 * HOUR
    const user = `human-${i}`
    if (i % 15 === 0) refusals(ms - 20_000, 1, 10_000, `192.0.2.${i + 10}`, [user])
    ssh(ms, user, `192.0.2.${i + 10}`, 30 * MINUTE)
    if (i % 15 === 0) become(ms + MINUTE, user, 'root', 'su', 10 * MINUTE)
  }

  const names = ['root', 'admin', 'oracle', 'test', 'ubuntu', 'pi', 'git', 'postgres', 'guest', 'ftp', 'www', 'alice']
  refusals(1 * HOUR, 5000, 10 * MINUTE, '203.0.113.10', ['root'])
  refusals(4 * HOUR, 5000, 40 * MINUTE, '203.0.113.11', names)
  refusals(11 * HOUR, 5000, 3 * HOUR, '203.0.113.12', names)
  refusals(20 * HOUR, 4000, HOUR, '203.0.113.13', names)
  const breakIn = ssh(21 * HOUR + 1000, 'alice', '203.0.113.13', 5 * MINUTE, 'password\\x0a')

  return { events: events.sort((a, b) => (a.time < b.time ? -1 : 1)), breakIn }
}

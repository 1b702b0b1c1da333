// Somebody guesses passwords, without end and with real hooks; a login among them must be told as ever.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { openReadOnly } from '../../relay/db/database.ts'
import type { Paths } from '../../relay/model/paths.ts'
import { createSite, idle, program } from '../crash/oracle.ts'
import { logins, refusals, storedUsers } from '../helpers/logins.ts'
import { nodeBehind, type RunningRelay, writeConfig } from '../helpers/relay.ts'
import type { Scope } from '../helpers/temp.ts'
import { until } from '../helpers/until.ts'

/** Guesses at once. */
const PARALLEL = 32

/** What the unit gives the relay. */
const UNIT = readFileSync(new URL('../../relay/service/pam-alert.service', import.meta.url), 'utf8')
const OPTIONS = /node((?: --\S+)+)/.exec(UNIT)?.[1] ?? ''

const GROUPED = `[[routes]]
match = { outcome = "failure" }
notify = ["ops"]
group_by = ["source"]
group_interval = "1s"
`

export interface Flood {
  refused: number
  /** Messages that told of them. */
  messages: number
  /** Resident memory of the relay after the first fifth and at the end, in MB. */
  before: number
  after: number
}

function residentMb({ child }: RunningRelay): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) / 1024
}

/** Events that messages speak of, and those that wait in a group for one. */
function counted(paths: Paths): { told: number; held: number } {
  const db = openReadOnly(paths.database)
  try {
    const row = db
      .prepare(
        "SELECT (SELECT sum(count) FROM delivery WHERE state <> 'folded') AS told, (SELECT sum(held) FROM grouped) AS held",
      )
      .get()
    return { told: Number(row?.told), held: Number(row?.held) }
  } finally {
    db.close()
  }
}

/** @param n refused logins, all stored, each told of once, if only in a count */
export async function flood(t: Scope, n: number): Promise<Flood> {
  const site = await createSite(t, await program(t))
  const { paths, receiver } = site
  const config = readFileSync(paths.config, 'utf8')
  writeConfig(paths, config.replace('[[routes]]', `${GROUPED}[[routes]]`))
  const relay = site.launch({ program: [nodeBehind(t, 'exec', OPTIONS), site.entry] })
  await relay.ready
  assert.equal((await refusals(paths, n / 5, PARALLEL, 'early')).failed, 0)
  const before = residentMb(relay)
  const storm = refusals(paths, (n / 5) * 4, PARALLEL, 'late')
  assert.equal((await logins(paths, 1, 1, 'alice')).failed, 0)
  while (JSON.parse((await receiver.next()).body.toString()).data.user !== 'alice0');
  assert.equal((await storm).failed, 0)
  const after = residentMb(relay)
  await until(() => idle(relay))
  await relay.stop()
  assert.equal(storedUsers(paths).length, n + 1)
  const { told, held } = counted(paths)
  assert.equal(told + held, n + 1, 'every login is in a message, or counted for the next')
  return { refused: n, messages: receiver.received.length - 1, before, after }
}

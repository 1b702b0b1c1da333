// However many events there are, none of the store's statements reads through all of them.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createAttempts } from '../../../relay/db/attempts.ts'
import type { Database } from '../../../relay/db/database.ts'
import { createDeliveries } from '../../../relay/db/deliveries.ts'
import { createEvents } from '../../../relay/db/events.ts'
import { createGroups } from '../../../relay/db/groups.ts'
import { createPruning } from '../../../relay/db/pruning.ts'
import { createSeen } from '../../../relay/db/seen.ts'
import { createSessions } from '../../../relay/db/sessions.ts'
import { openTables } from '../../helpers/database.ts'

/** These grow for as long as people log in. */
const LARGE = /^SCAN (?:event|meaning|seen|delivery|[a-z])\b|^SEARCH delivery USING INTEGER PRIMARY KEY \(rowid>/
/** Holds only what waits and what is dead. */
const OPEN_ONLY = /USING (?:COVERING )?INDEX delivery_(?:pending|dead)/
/** pam-alert verify reads everything: that is what it is for. */
const VERIFY = 'SELECT seq, record, hash FROM event ORDER BY seq'

/** Every statement that is prepared while `work` runs. */
function statementsOf(db: Database, work: (db: Database) => void): string[] {
  const statements: string[] = []
  const spy = new Proxy(db, {
    get(target, name: keyof Database) {
      if (name !== 'prepare') return target[name]
      return (sql: string) => {
        statements.push(sql)
        return target.prepare(sql)
      }
    },
  })
  work(spy)
  return statements
}

describe('the plans of all statements', () => {
  test('find what they want by a key, or stop at a limit', (t) => {
    const { db } = openTables(t)
    const statements = statementsOf(db, (spy) => {
      const events = createEvents(spy)
      for (const field of ['user', 'source', 'service', 'outcome', 'since'] as const) events.find({ [field]: 'x' }, 1)
      events.find({ afterSeq: 1 }, 1)
      for (const create of [createAttempts, createDeliveries, createGroups, createPruning, createSeen]) create(spy)
      createSessions(spy, null)
    }).filter((sql) => !/^PRAGMA/.test(sql))
    assert.ok(statements.length > 40, `${statements.length} statements`)
    for (const sql of statements.filter((sql) => sql !== VERIFY)) {
      const plan = db
        .prepare(`EXPLAIN QUERY PLAN ${sql}`)
        .all()
        .map(({ detail }) => String(detail))
      const through = plan.filter((step) => LARGE.test(step) && !OPEN_ONLY.test(step))
      const sorts = plan.filter((step) => /TEMP B-TREE/.test(step) && !plan.some((other) => OPEN_ONLY.test(other)))
      const stops = /LIMIT/.test(sql) && sorts.length === 0
      assert.ok(through.length === 0 || stops, `${sql}\n${plan.join('\n')}`)
    }
  })
})

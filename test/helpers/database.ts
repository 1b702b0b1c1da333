// A store in a real file, with the tables that the stages use.
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { createAttempts } from '../../relay/db/attempts.ts'
import { createBudgets } from '../../relay/db/budgets.ts'
import { openDatabase, transaction } from '../../relay/db/database.ts'
import { createDeliveries } from '../../relay/db/deliveries.ts'
import { createEvents } from '../../relay/db/events.ts'
import { createGroups } from '../../relay/db/groups.ts'
import { createInhibitionTable } from '../../relay/db/inhibitions.ts'
import { onEnd, tempDir } from './temp.ts'

export function openTables(t: TestContext, path = join(tempDir(t), 'relay.db')) {
  const db = openDatabase(path)
  const users: (() => void)[] = []
  onEnd(t, () => {
    for (const stop of users) stop()
    if (db.isOpen) db.close()
  })
  return {
    path,
    /** For what must stop before the file is closed. */
    beforeClose: (stop: () => void) => users.push(stop),
    db,
    events: createEvents(db),
    deliveries: createDeliveries(db),
    budgets: createBudgets(db),
    groups: createGroups(db),
    attempts: createAttempts(db),
    inhibitions: createInhibitionTable(db),
    atomically: (work: () => void) => transaction(db, work),
  }
}

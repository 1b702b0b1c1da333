// What was ever seen together in a login that succeeded: one row each, found by its key however many
// there are. Pruning the history leaves it alone.
import type { Facts } from '../model/facts.ts'
import type { First } from '../model/meaning.ts'
import type { Database } from './database.ts'

export function createSeen(db: Database) {
  const one = db.prepare('SELECT 1 FROM seen WHERE user = ? AND asker = ? AND fact = ? AND value = ?')
  const add = db.prepare('INSERT OR IGNORE INTO seen (user, asker, fact, value, seq) VALUES (?, ?, ?, ?, ?)')

  const user = db.prepare('SELECT 1 FROM seen WHERE user = ? LIMIT 1')

  return {
    /** Whether somebody ever got in under this name. */
    knows: (name: string): boolean => user.get(name) !== undefined,

    /** Which of these never were. */
    unseen: ({ user, asker, facts }: Facts): First[] =>
      facts.filter(([fact, value]) => one.get(user, asker, fact, value) === undefined).map(([fact]) => fact),

    learn({ user, asker, facts }: Facts, seq: number) {
      for (const [fact, value] of facts) add.run(user, asker, fact, value, seq)
    },
  }
}

export type Seen = ReturnType<typeof createSeen>

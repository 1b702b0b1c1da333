// Many logins at a real relay, and the question what became of them.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Paths } from '../../relay/model/paths.ts'
import { HOOK } from './hook.ts'

const LOGINS = join(import.meta.dirname, '../build/logins')

export interface Waits {
  n: number
  failed: number
  p50_us: number
  p99_us: number
  max_us: number
}

/** `n` logins of the users PREFIX0 …, at most `parallel` at once; how long each was waited for. */
export async function logins(paths: Paths, n: number, parallel: number, prefix = 'user', hook = HOOK): Promise<Waits> {
  return run(hook, paths, n, parallel, { PREFIX: prefix, TYPE: 'open_session' })
}

/** The same, of `n` refused passwords. */
export async function refusals(paths: Paths, n: number, parallel: number, prefix = 'user'): Promise<Waits> {
  return run(HOOK, paths, n, parallel, { PREFIX: prefix, TYPE: 'auth' }, '--outcome', 'failure')
}

async function run(
  hook: string,
  paths: Paths,
  n: number,
  parallel: number,
  env: NodeJS.ProcessEnv,
  ...more: string[]
): Promise<Waits> {
  const args = [String(n), String(parallel), hook, '--socket', paths.socket, '--spool', paths.spool, ...more]
  const child = spawn(LOGINS, args, { stdio: ['ignore', 'pipe', 'inherit'], env })
  let out = ''
  child.stdout.on('data', (chunk) => {
    out += chunk
  })
  await once(child, 'close')
  return JSON.parse(out)
}

/** The users of all stored events, in the order in which they were stored. */
export function storedUsers(paths: Paths): string[] {
  const db = new DatabaseSync(paths.database, { readOnly: true, timeout: 5000 })
  try {
    return db
      .prepare("SELECT record ->> '$.user' AS user FROM event ORDER BY seq")
      .all()
      .map(({ user }) => String(user))
  } finally {
    db.close()
  }
}

export const names = (n: number, prefix = 'user') => Array.from({ length: n }, (_, i) => `${prefix}${i}`).sort()

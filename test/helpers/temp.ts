// What goes away with its test: the last thing first, so that nothing loses its ground.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Whatever ends: a test, or a whole file of them. */
export interface Scope {
  after(done: () => void | Promise<void>): void
}

const endings = new WeakMap<Scope, (() => void | Promise<void>)[]>()

/** Runs `done` when the scope ends, before what was registered earlier. */
export function onEnd(t: Scope, done: () => void | Promise<void>) {
  const known = endings.get(t)
  if (known) {
    known.push(done)
    return
  }
  const own = [done]
  endings.set(t, own)
  t.after(async () => {
    for (const end of own.toReversed()) await end()
  })
}

/** A directory of the scope's own. */
export function tempDir(t: Scope): string {
  const dir = mkdtempSync(join(tmpdir(), 'pam-alert-test-'))
  onEnd(t, () => rmSync(dir, { recursive: true, force: true }))
  return dir
}

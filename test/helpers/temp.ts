// Directories that go away with their test.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Whatever ends: a test, or a whole file of them. */
export interface Scope {
  after(done: () => void | Promise<void>): void
}

export function tempDir(t: Scope): string {
  const dir = mkdtempSync(join(tmpdir(), 'pam-alert-test-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

// A file of root's, as it is now: read anew whenever it was replaced or written, and only then.
import { readFileSync, statSync } from 'node:fs'

/** What `parse` makes of it. A file that is missing is empty. */
export function createView<T>(path: string, parse: (text: string) => T): () => T {
  let read = ''
  let value = parse('')
  return () => {
    const found = statSync(path, { throwIfNoEntry: false })
    const state = found === undefined ? '' : `${found.ino} ${found.size} ${found.mtimeMs}`
    if (state === read) return value
    value = parse(state === '' ? '' : readFileSync(path, 'utf8'))
    read = state
    return value
  }
}

// Replaces a file as a whole or not at all: whoever reads it sees the old one or the new one.
import * as fs from 'node:fs'
import { dirname } from 'node:path'

function sync(path: string) {
  const fd = fs.openSync(path, 'r')
  fs.fsyncSync(fd)
  fs.closeSync(fd)
}

function commit(next: string, path: string) {
  sync(next)
  fs.renameSync(next, path)
  sync(dirname(path))
}

/** @param text bytes as latin1; the file becomes 0644 */
export function writeWhole(path: string, text: string) {
  const next = `${path}.pam-alert-new`
  fs.writeFileSync(next, text, { encoding: 'latin1', mode: 0o644 })
  commit(next, path)
}

/** Copies `from` to `path`, with its owner, mode and times. */
export function putBack(from: string, path: string) {
  const next = `${path}.pam-alert-new`
  const { uid, gid, atime, mtime } = fs.statSync(from)
  fs.copyFileSync(from, next)
  fs.chownSync(next, uid, gid)
  fs.utimesSync(next, atime, mtime)
  commit(next, path)
}

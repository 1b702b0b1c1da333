// What became of a log file that was renamed, copied or compressed: finds the place again that a reader got to.
import { createHash } from 'node:crypto'
import { createReadStream, type Stats } from 'node:fs'
import { type FileHandle, readdir, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { createGunzip } from 'node:zlib'

/** Where a reader got to. */
export interface FilePlace {
  inode: number
  offset: number
  /** SHA-256 of the bytes right before it: another content at the same place is another file. */
  anchor: string
}

const ANCHOR_BYTES = 64

const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

interface Rotated {
  path: string
  stats: Stats
}

/** The bytes of a file, unpacked if it is a .gz. */
export async function* bytesOf(path: string): AsyncGenerator<Buffer> {
  const stream = createReadStream(path)
  if (!path.endsWith('.gz')) return yield* stream
  const gunzip = createGunzip()
  stream.on('error', (error) => gunzip.destroy(error))
  yield* stream.pipe(gunzip)
}

/** What stands right before a place in this file. */
export async function anchorAt(handle: FileHandle, offset: number): Promise<string> {
  const length = Math.min(offset, ANCHOR_BYTES)
  const bytes = Buffer.alloc(length)
  const { bytesRead } = await handle.read(bytes, 0, length, offset - length)
  return digest(bytes.subarray(0, bytesRead))
}

/** Whether this is where `place` was, whatever it is called now. */
async function continues({ path }: Rotated, { offset, anchor }: FilePlace): Promise<boolean> {
  const from = Math.max(0, offset - ANCHOR_BYTES)
  const parts: Buffer[] = []
  let at = 0
  for await (const chunk of bytesOf(path)) {
    parts.push(chunk.subarray(Math.max(0, from - at), Math.max(0, offset - at)))
    at += chunk.length
    if (at >= offset) break
  }
  return at >= offset && digest(Buffer.concat(parts)) === anchor
}

/** What is called like the file and something behind it, in the order in which it was written last. */
async function rotated(path: string): Promise<Rotated[]> {
  const directory = dirname(path)
  const base = basename(path)
  const names = (await readdir(directory)).filter((name) => name.startsWith(`${base}.`) || name.startsWith(`${base}-`))
  const found: Rotated[] = []
  for (const name of names) {
    const stats = await stat(join(directory, name)).catch(() => null)
    if (stats?.isFile()) found.push({ path: join(directory, name), stats })
  }
  return found.sort((a, b) => a.stats.mtimeMs - b.stats.mtimeMs)
}

/**
 * The file that holds this place, and those that were begun after it, in order; not the one that is
 * written now. Empty: the place is nowhere.
 */
export async function writtenSince(path: string, from: FilePlace): Promise<string[]> {
  const files = await rotated(path)
  for (const [i, candidate] of files.entries()) {
    // Nothing was read of it yet: then only its number tells.
    const possible = from.offset > 0 || candidate.stats.ino === from.inode
    if (possible && (await continues(candidate, from).catch(() => false)))
      return files.slice(i).map((file) => file.path)
  }
  return []
}

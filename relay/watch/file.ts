// Follows a log file by its name, over renames, copies and compression, from where an earlier run got to.
// It reads what was rotated away meanwhile, says what it can't find, and writes to no log.
import { constants, type Stats } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { createLookout } from '../lookout.ts'
import type { LogEvent } from '../model/event.ts'
import { createSplitter, type RawLine } from '../model/log/split.ts'
import type { LogReader, ReaderOptions } from './reader.ts'
import { anchorAt, bytesOf, type FilePlace, writtenSince } from './rotated.ts'

const CHUNK_BYTES = 65_536
/** So far it may read without an event before it remembers where it is. */
const REMEMBER_BYTES = 1_048_576

/** @param path what the file is called while it is written */
export function createFileReader(path: string, options: ReaderOptions<FilePlace>): LogReader {
  const { clock, log, read, keep, tell } = options
  let place = options.place
  let file: FileHandle | null = null
  let inode = 0
  let readTo = 0
  let splitter = createSplitter(0)
  let unremembered = 0
  let seenMissing = false
  let lastError: string | null = null

  const buffer = Buffer.alloc(CHUNK_BYTES)

  const eventsOf = (lines: readonly RawLine[]): LogEvent[] => lines.flatMap((line) => read(line) ?? [])

  async function remember(events: readonly LogEvent[], handle: FileHandle, offset: number) {
    const next = { inode, offset, anchor: await anchorAt(handle, offset) }
    await keep(events, next)
    place = next
    unremembered = 0
  }

  /** Reads what is there to read. */
  async function drain(handle: FileHandle) {
    while (!lookout.stopped()) {
      const { bytesRead } = await handle.read(buffer, 0, CHUNK_BYTES, readTo)
      if (bytesRead === 0) return
      readTo += bytesRead
      unremembered += bytesRead
      const lines = splitter.push(buffer.subarray(0, bytesRead))
      const events = eventsOf(lines)
      const end = lines.at(-1)?.end
      if (end !== undefined && (events.length > 0 || unremembered > REMEMBER_BYTES)) await remember(events, handle, end)
    }
  }

  /** All that was written behind `from` before the file of today was begun. */
  async function catchUp(from: FilePlace) {
    const missed = await writtenSince(path, from)
    if (missed.length === 0) {
      tell(`${path} was rotated or truncated, and what it held is nowhere: some of its lines may never have been read`)
      return
    }
    for (const [i, old] of missed.entries()) {
      const start = i === 0 ? from.offset : 0
      let at = 0
      const lines = createSplitter(start)
      for await (const chunk of bytesOf(old)) {
        const rest = chunk.subarray(Math.max(0, start - at))
        at += chunk.length
        // Still where it was: a crash in between reads this again, and the events are known by then.
        if (rest.length > 0) await keep(eventsOf(lines.push(rest)), null)
      }
      const last = lines.rest()
      if (last) await keep(eventsOf([last]), null)
    }
    log.info({ log: path, read: missed }, 'rotated logs read')
    if (missed.length > 1)
      tell(`${path} was rotated ${missed.length} times while nobody read it; all was read: ${missed.join(', ')}`)
  }

  function begin(handle: FileHandle, stats: Stats, offset: number) {
    file = handle
    inode = stats.ino
    readTo = offset
    splitter = createSplitter(offset)
  }

  async function openFile(): Promise<{ handle: FileHandle; stats: Stats } | null> {
    const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null
      throw error
    })
    if (handle === null) return null
    const stats = await handle.stat()
    if (stats.isFile()) return { handle, stats }
    await handle.close()
    throw new Error(`${path} is not a plain file`)
  }

  /** @returns whether there is one */
  async function start(): Promise<boolean> {
    const opened = await openFile()
    if (opened === null) {
      seenMissing = true
      return false
    }
    const { handle, stats } = opened
    if (place === null) {
      // What a log held before anybody asked is history; what appears later is news.
      begin(handle, stats, seenMissing ? 0 : stats.size)
      await remember([], handle, readTo)
      return true
    }
    const { offset, anchor } = place
    if (stats.ino === place.inode && stats.size >= offset && (await anchorAt(handle, offset)) === anchor) {
      begin(handle, stats, offset)
      return true
    }
    await anew(handle, stats, place)
    return true
  }

  async function anew(handle: FileHandle, stats: Stats, from: FilePlace) {
    await catchUp(from)
    begin(handle, stats, 0)
    await remember([], handle, 0)
  }

  /** Whether the file of that name is another one by now, or was truncated. */
  async function turned(handle: FileHandle): Promise<boolean> {
    const own = await handle.stat()
    const named = await stat(path).catch(() => null)
    if (named !== null && named.ino !== own.ino) {
      // Its writer may still be with the old one until the new one has a line.
      if (named.size === 0) return false
      await drain(handle)
      const last = splitter.rest()
      if (last) await remember(eventsOf([last]), handle, last.end)
      place = { inode: own.ino, offset: readTo, anchor: await anchorAt(handle, readTo) }
      await handle.close()
      file = null
      const opened = await openFile()
      if (opened === null) return false
      begin(opened.handle, opened.stats, 0)
      await remember([], opened.handle, 0)
      return true
    }
    if (place === null || (own.size >= readTo && (await anchorAt(handle, place.offset)) === place.anchor)) return false
    await anew(handle, own, place)
    return true
  }

  async function look() {
    const missing = file === null && !(await start())
    while (file !== null && !lookout.stopped()) {
      if (await turned(file)) continue
      await drain(file)
      if (!(await turned(file))) break
    }
    lastError = missing ? 'there is no such file yet' : null
  }

  function failed({ message }: Error) {
    if (message === lastError) return
    lastError = message
    log.error({ log: path, reason: message }, 'log not read')
    tell(`the log ${path} cannot be read: ${message}`)
  }

  const lookout = createLookout({
    directory: dirname(path),
    clock,
    concerns: (name) => name.startsWith(basename(path)),
    look,
    failed,
  })

  return {
    start: lookout.start,
    health: () => ({ last_error: lastError }),
    async stop() {
      await lookout.stop()
      if (file === null) return
      if (place !== null && unremembered > 0) await remember([], file, splitter.begun()).catch(() => {})
      await file.close()
    },
  }
}

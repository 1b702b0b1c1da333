// What the hook left behind while nobody acknowledged: each file goes the way of an event from the
// socket, oldest first, and is removed once it is on disk in the store. What is no event of the
// hook's is set aside, never deleted.
import { constants } from 'node:fs'
import { type FileHandle, lstat, mkdir, open, readdir, rename, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from 'pino'
import { createLookout } from './lookout.ts'
import type { Clock } from './model/clock.ts'
import { type LoginEvent, parseEvent } from './model/event.ts'
import { withoutNames } from './model/names.ts'

/** How many files share a commit. */
const BATCH = 128
/** A longer one is not the hook's. */
const FILE_MAX_BYTES = 65_536
/** A hook that is killed leaves a file without its final name; no living one takes this long. */
const UNFINISHED_FOR_MS = 60_000
const ASIDE = 'bad'

const ID = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}'
const SPOOLED = new RegExp(`^(${ID})\\.json$`)
const UNFINISHED = new RegExp(`^\\.(${ID})\\.new$`)

export interface SpoolOptions {
  directory: string
  clock: Clock
  log: Logger
  /** Resolves when the event is on disk. */
  accept(event: LoginEvent): Promise<unknown>
}

export interface SpoolHealth {
  files: number
  oldest_s: number | null
  last_error: string | null
}

/** Milliseconds since 1970: the first 48 bits of a UUIDv7. */
const timeOf = (id: string) => Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16)

/** The file is no event of the hook's; anything else that goes wrong is the disk's or ours. */
class NotAnEvent extends Error {
  /** What was in it, if it was read. */
  readonly text: string | null

  constructor(message: string, text: string | null = null) {
    super(message)
    this.text = text
  }
}

export function createSpool({ directory, clock, log, accept }: SpoolOptions) {
  let lastError: string | null = null

  /** Files by the id in their name, oldest event first. */
  async function list(): Promise<{ name: string; id: string }[]> {
    const now = clock.now()
    const files = (await readdir(directory)).flatMap((name) => {
      const id = SPOOLED.exec(name)?.[1]
      if (id !== undefined) return [{ name, id }]
      const left = UNFINISHED.exec(name)?.[1]
      return left !== undefined && now - timeOf(left) > UNFINISHED_FOR_MS ? [{ name, id: left }] : []
    })
    return files.sort((a, b) => (a.id < b.id ? -1 : 1))
  }

  /**
   * Only the directory's owner, root for the hook of root, may leave events: the relay's own user,
   * whose group may write there, can forge none.
   */
  async function read(file: FileHandle, id: string, owner: number): Promise<LoginEvent> {
    const stats = await file.stat()
    if (!stats.isFile() || stats.uid !== owner || stats.size > FILE_MAX_BYTES)
      throw new NotAnEvent('not a file of the hook')
    const text = await file.readFile('utf8')
    try {
      const event = parseEvent(text)
      if (event.id === id) return event
    } catch (error) {
      throw new NotAnEvent((error as Error).message, text)
    }
    throw new NotAnEvent('the name is of another event', text)
  }

  async function openFile(name: string): Promise<FileHandle> {
    try {
      return await open(join(directory, name), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ELOOP') throw new NotAnEvent('a symbolic link')
      throw error
    }
  }

  /** Its user may be a password: no name stays in what is kept for longer than a moment. */
  async function setAside(name: string, { message, text }: NotAnEvent) {
    log.error({ file: name, reason: message }, 'spooled file set aside')
    await mkdir(join(directory, ASIDE), { recursive: true, mode: 0o700 })
    const [from, to] = [join(directory, name), join(directory, ASIDE, name)]
    if (text === null) return rename(from, to)
    await writeFile(to, withoutNames(text), { mode: 0o600 })
    await unlink(from)
  }

  /** @throws what the store says if it takes none, and what the disk says */
  async function take(files: readonly { name: string; id: string }[], owner: number) {
    const events: { name: string; event: LoginEvent }[] = []
    for (const { name, id } of files) {
      try {
        await using file = await openFile(name)
        events.push({ name, event: await read(file, id, owner) })
      } catch (error) {
        if (!(error instanceof NotAnEvent)) throw error
        await setAside(name, error)
      }
    }
    // At once, so that they share a commit; the store keeps their order.
    await Promise.all(events.map(({ event }) => accept(event)))
    for (const { name } of events) await unlink(join(directory, name))
  }

  async function drain() {
    await mkdir(directory, { recursive: true, mode: 0o700 })
    const { uid: owner } = await lstat(directory)
    for (;;) {
      const files = await list()
      if (files.length === 0 || lookout.stopped()) break
      await take(files.slice(0, BATCH), owner)
      log.info({ files: Math.min(files.length, BATCH), left: Math.max(0, files.length - BATCH) }, 'spool taken in')
    }
    lastError = null
  }

  const lookout = createLookout({
    directory,
    clock,
    concerns: () => true,
    look: drain,
    failed(error) {
      lastError = error.message
      log.error({ err: error, directory }, 'spool not taken in')
    },
  })

  return {
    /** Takes in what is there, and from now on what comes. */
    start: lookout.start,

    async health(): Promise<SpoolHealth> {
      const files = await list().catch(() => [])
      const [oldest] = files
      return {
        files: files.length,
        oldest_s: oldest ? Math.max(0, Math.round((clock.now() - timeOf(oldest.id)) / 1000)) : null,
        last_error: lastError,
      }
    },

    /** Resolves when nothing of it is under way. */
    stop: lookout.stop,
  }
}

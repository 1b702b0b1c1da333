// The logs that the configuration asks for, a reader each: their lines become events and go the way of those
// from the socket. It never stops the relay.
import type { Logger } from 'pino'
import type { Clock } from '../model/clock.ts'
import type { LogSource, Watch } from '../model/config/watch.ts'
import type { LogEvent } from '../model/event.ts'
import { createInterpreter, type Memory } from '../model/log/interpreter.ts'
import { type Line, parseLine } from '../model/log/line.ts'
import { isAhead, stampOf, yearsUntil } from '../model/log/time.ts'
import { createFileReader } from './file.ts'
import { createJournalReader, type JournalPlace } from './journal.ts'
import type { LogReader } from './reader.ts'
import type { FilePlace } from './rotated.ts'

/** Where the reading of a log stopped, and what must be remembered for what follows. */
export interface Position {
  place: unknown
  memory: Memory
}

const RETRY_MS = 5000

export interface WatchesOptions {
  clock: Clock
  log: Logger
  position(source: string): Position | null
  /** Resolves when all of it is on disk, in one commit. */
  accept(events: readonly LogEvent[], source: string, position: Position | null): Promise<unknown>
  tell(text: string): void
}

/** What a source is called in the store: another selection of the journal is another source. */
function keyOf(source: LogSource): string {
  if (source.kind === 'file') return source.path
  return JSON.stringify(['journal', [...source.units].sort(), [...source.identifiers].sort()])
}

export function createWatches({ clock, log, position, accept, tell }: WatchesOptions) {
  let readers = new Map<string, LogReader>()
  let changing = Promise.resolve()

  function readerFor(key: string, watches: readonly Watch[]): LogReader | null {
    const source = watches[0]?.source
    if (source === undefined) return null
    const known = position(key)
    const name = source.kind === 'file' ? source.path : 'journal'
    const readings = watches.map(({ reading }) => reading)
    const interpreter = createInterpreter(name, readings, known?.memory ?? {})
    const years = yearsUntil(clock.now)
    const now = () => stampOf(clock.now())?.time ?? ''
    let stopped = false
    let saidAhead = false

    /** A line of the future is one that doesn't say when. What it said stays in its text. */
    function dated(line: Line): Line {
      if (line.stamp === null || !isAhead(line.stamp, clock.now())) return line
      if (!saidAhead)
        log.warn({ log: name, says: line.stamp.time }, 'lines dated more than a day ahead are taken as of now')
      saidAhead = true
      return { ...line, stamp: null }
    }

    /** As long as nothing can be stored, nothing is read. */
    async function keep(events: readonly LogEvent[], place: unknown) {
      const next = place === null ? null : { place, memory: interpreter.memory() }
      for (;;) {
        try {
          await accept(events, key, next)
          return
        } catch (error) {
          if (stopped) throw error
          await new Promise<void>((resolve) => clock.after(RETRY_MS, resolve))
        }
      }
    }

    const common = { clock, log, keep, tell }
    const reader =
      source.kind === 'file'
        ? createFileReader(source.path, {
            ...common,
            place: (known?.place ?? null) as FilePlace | null,
            read: (raw) => {
              const line = dated(parseLine(raw, years))
              return interpreter.read(line, `${key} ${raw.offset} ${line.text}`, now())
            },
          })
        : createJournalReader(source, {
            ...common,
            place: (known?.place ?? null) as JournalPlace | null,
            read: ({ line, cursor }) => interpreter.read(dated(line), cursor, now()),
          })
    return {
      ...reader,
      stop: () => {
        stopped = true
        return reader.stop()
      },
    }
  }

  async function change(watches: readonly Watch[]) {
    await Promise.all([...readers.values()].map((reader) => reader.stop()))
    readers = new Map()
    for (const [key, ofSource] of Map.groupBy(watches, ({ source }) => keyOf(source))) {
      const reader = readerFor(key, ofSource)
      if (reader === null) continue
      readers.set(key, reader)
      reader.start()
    }
  }

  return {
    /** From now on these, each from where it was left. Resolves when the earlier ones have ended. */
    configure(watches: readonly Watch[]): Promise<void> {
      changing = changing.then(() => change(watches))
      return changing
    },

    health: () => Object.fromEntries([...readers].map(([key, reader]) => [key, reader.health()])),

    stop: (): Promise<void> => (changing = changing.then(() => change([]))),
  }
}

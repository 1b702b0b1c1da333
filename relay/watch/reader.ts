// What a log's reader is given, and what it must do: hand on lines, and remember where it got to.
import type { Logger } from 'pino'
import type { Clock } from '../model/clock.ts'
import type { LogEvent } from '../model/event.ts'
import type { Line } from '../model/log/line.ts'
import type { RawLine } from '../model/log/split.ts'

export interface ReaderOptions<Place, Item = RawLine> {
  /** Where an earlier run got to; null: there was none. */
  place: Place | null
  clock: Clock
  log: Logger
  /** What a line has become, if anything. */
  read(item: Item): LogEvent | null
  /** Resolves when the events and the place are on disk, in one commit. @param place null: as it was */
  keep(events: readonly LogEvent[], place: Place | null): Promise<void>
  /** Tells the operator, through the notifiers. */
  tell(text: string): void
}

/** A line of the journal, with what tells it from all others. */
export interface JournalLine {
  line: Line
  cursor: string
}

export interface LogReader {
  start(): void
  health(): { last_error: string | null }
  /** Resolves when nothing of it is under way. */
  stop(): Promise<void>
}

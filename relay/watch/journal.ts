// Follows the journal through journalctl(1), from the cursor where an earlier run got to; starts it again
// when it ends. It needs no right but to read.
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { keepLine } from '../model/log/line.ts'
import { createSplitter, type RawLine } from '../model/log/split.ts'
import { stampOf } from '../model/log/time.ts'
import type { JournalLine, LogReader, ReaderOptions } from './reader.ts'

/** Where a reader got to: an entry, or, before the first, a time. */
export type JournalPlace = { cursor: string } | { sinceMs: number }

export interface Selection {
  units: readonly string[]
  identifiers: readonly string[]
}

const AGAIN_FIRST_MS = 1000
const AGAIN_LAST_MS = 60_000
/** So much may come without an event before it remembers where it is. */
const REMEMBER_BYTES = 1_048_576
const COMPLAINT_MAX = 500

/** A field as journalctl prints it: text, or numbers where it isn't UTF-8. systemd.journal-fields(7) */
function bytesIn(value: unknown): Buffer | null {
  if (typeof value === 'string') return Buffer.from(value)
  return Array.isArray(value) && value.every((byte) => typeof byte === 'number') ? Buffer.from(value) : null
}

/** null: no entry, or one without a message. */
export function readEntry(raw: RawLine): (JournalLine & { message: boolean }) | null {
  let entry: Record<string, unknown>
  try {
    entry = JSON.parse(Buffer.from(raw.bytes).toString())
  } catch {
    // Longer than anybody's message is, and cut.
    return null
  }
  const { __CURSOR: cursor, __REALTIME_TIMESTAMP: micros, _HOSTNAME: host } = entry
  if (typeof cursor !== 'string') return null
  const bytes = bytesIn(entry.MESSAGE)
  const program = String(entry.SYSLOG_IDENTIFIER ?? entry._COMM ?? '')
  const pid = Number(entry._PID ?? entry.SYSLOG_PID)
  const { text, cut } = keepLine({ bytes: bytes ?? new Uint8Array(), cut: null })
  const digits = String(micros)
  const line = {
    stamp: /^\d{7,18}$/.test(digits) ? stampOf(Number(digits.slice(0, -3)), digits.slice(-6)) : null,
    host: typeof host === 'string' ? host : null,
    program,
    pid: Number.isInteger(pid) ? pid : null,
    message: text.trimEnd(),
    text: `${program}${Number.isInteger(pid) ? `[${pid}]` : ''}: ${text}`.slice(0, 4096),
    cut,
  }
  return { line, cursor, message: bytes !== null }
}

export function createJournalReader(
  { units, identifiers }: Selection,
  options: ReaderOptions<JournalPlace, JournalLine>,
): LogReader {
  const { clock, log, read, keep, tell } = options
  let place: JournalPlace = options.place ?? { sinceMs: clock.now() }
  let child: ChildProcessByStdio<null, Readable, Readable> | null = null
  let running: Promise<void> | null = null
  let stopped = false
  let wake = () => {}
  let waitMs = AGAIN_FIRST_MS
  let lastError: string | null = null

  const from = () => ('cursor' in place ? `--cursor=${place.cursor}` : `--since=@${(place.sinceMs / 1000).toFixed(6)}`)

  function begin(broken: (error: Error) => void) {
    const started = spawn(
      'journalctl',
      [
        ...['--follow', '--no-tail', '--no-pager', '--quiet', '--all', '--output=json', from()],
        ...units.map((unit) => `--unit=${unit}`),
        ...identifiers.map((identifier) => `--identifier=${identifier}`),
      ],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    ).on('error', broken)
    child = started
    return started
  }

  /** The entry where it stopped comes first; if another does, that one is gone, and maybe more. */
  function checked(entries: readonly JournalLine[], expected: string | null): readonly JournalLine[] {
    const [first] = entries
    if (expected === null || first === undefined) return entries
    if (first.cursor === expected) return entries.slice(1)
    tell('the journal no longer has the entry that was read last: some of its lines may never have been read')
    return entries
  }

  async function follow() {
    if (options.place === null) await keep([], place)
    let expected = 'cursor' in place ? place.cursor : null
    let unremembered = 0
    const splitter = createSplitter(0)
    let complaint = ''
    const { stdout, stderr } = begin((error) => {
      complaint = error.message
    })
    stderr.on('data', (chunk: Buffer) => {
      complaint = (complaint + chunk).slice(0, COMPLAINT_MAX)
    })
    for await (const chunk of stdout) {
      const entries = splitter.push(chunk).flatMap((raw) => readEntry(raw) ?? [])
      const last = entries.at(-1)
      if (last === undefined) continue
      waitMs = AGAIN_FIRST_MS
      lastError = null
      const fresh = checked(entries, expected)
      expected = null
      const events = fresh.flatMap((entry) => read(entry) ?? [])
      place = { cursor: last.cursor }
      unremembered += chunk.length
      if (events.length === 0 && unremembered < REMEMBER_BYTES) continue
      unremembered = 0
      await keep(events, place)
    }
    if (stopped) return
    // A cursor of another journal, or of none: to go on is more than to go back.
    if (/cursor/i.test(complaint) && 'cursor' in place) {
      tell(`the journal does not know where it was read last (${complaint.trim()}): it is read from now on`)
      place = { sinceMs: clock.now() }
      await keep([], place)
    }
    throw new Error(complaint.trim() || 'journalctl has ended')
  }

  async function run() {
    try {
      await follow()
    } catch (error) {
      if (!stopped) failed(error as Error)
    }
    if (child?.exitCode === null && child.signalCode === null && child.pid !== undefined) {
      child.kill()
      await once(child, 'exit')
    }
    running = null
    if (stopped) return
    wake = clock.after(waitMs, start)
    waitMs = Math.min(waitMs * 2, AGAIN_LAST_MS)
  }

  function failed({ message }: Error) {
    if (message === lastError) return
    lastError = message
    log.error({ reason: message }, 'journal not read')
    tell(`the journal cannot be read: ${message}`)
  }

  function start() {
    if (stopped || running !== null) return
    running = run()
  }

  return {
    start,
    health: () => ({ last_error: lastError }),
    async stop() {
      stopped = true
      wake()
      child?.kill()
      await running
      if ('cursor' in place) await keep([], place).catch(() => {})
    },
  }
}

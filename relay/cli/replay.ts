// pam-alert replay: an old log through today's rules, and what would have been sent. It sends nothing.
import { createReadStream, fstatSync, openSync } from 'node:fs'
import { resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { type Config, defaultConfig, parseConfig } from '../model/config/config.ts'
import { readyRules } from '../model/config/watch.ts'
import { PamAlertError } from '../model/errors.ts'
import { createInterpreter, type Reading } from '../model/log/interpreter.ts'
import { parseLine } from '../model/log/line.ts'
import { ruleSets } from '../model/log/rules/index.ts'
import { createSplitter, type RawLine } from '../model/log/split.ts'
import { stampOf, yearsFrom } from '../model/log/time.ts'
import type { Paths } from '../model/paths.ts'
import { plural } from '../model/text.ts'
import { kinds } from '../notifiers/index.ts'
import { createReplay, type ReplayedAlert, type ReplayTotals } from '../replay.ts'
import { readConfig } from '../settings.ts'
import { complain, localTime, say, sayJson, style } from './terminal.ts'

interface Lines {
  lines: number
  ignored: number
}

/** @throws {PamAlertError} config_invalid, config_unreadable */
function configOf(paths: Paths): Config {
  const text = readConfig(paths.config)
  if (text === null) return defaultConfig
  const { config, errors } = parseConfig(text, kinds)
  for (const { line, where, message } of errors) complain(`${paths.config}:${line}: ${where}: ${message}`)
  if (config === null) throw new PamAlertError('config_invalid')
  return config
}

/** What the configuration looks for in this log, or in any if it doesn't know this one; or all that is ready-made. */
function readingsFor(path: string, { watches }: Config): Reading[] {
  const ofThis = watches.filter(({ source }) => source.kind === 'file' && path.startsWith(source.path))
  const readings = (ofThis.length > 0 ? ofThis : watches).map(({ reading }) => reading)
  const ready = { rules: Object.keys(ruleSets).flatMap(readyRules), ignores: () => false, threshold: null }
  return readings.length > 0 ? readings : [ready]
}

/** @returns what it holds, and when it was written last, in milliseconds since 1970 */
function open(file: string): { content: AsyncIterable<Buffer>; writtenMs: number } {
  if (file === '-') return { content: process.stdin, writtenMs: Date.now() }
  const fd = openSync(file, 'r')
  const stream = createReadStream(file, { fd })
  const { mtimeMs: writtenMs } = fstatSync(fd)
  if (!file.endsWith('.gz')) return { content: stream, writtenMs }
  const gunzip = createGunzip()
  // Its faults reach whoever reads, through the stream itself.
  pipeline(stream, gunzip).catch(() => {})
  return { content: gunzip, writtenMs }
}

async function* linesOf(content: AsyncIterable<Buffer>): AsyncGenerator<RawLine> {
  const splitter = createSplitter(0)
  for await (const chunk of content) yield* splitter.push(chunk)
  const rest = splitter.rest()
  if (rest) yield rest
}

async function replayFile(file: string, config: Config, run: ReturnType<typeof createReplay>, count: Lines) {
  const { content, writtenMs } = open(file)
  const years = yearsFrom(writtenMs)
  const path = file === '-' ? file : resolve(file)
  const interpreter = createInterpreter(path, readingsFor(path, config), {})
  let last = stampOf(writtenMs)?.time ?? ''
  for await (const raw of linesOf(content)) {
    const line = parseLine(raw, years)
    // A line that doesn't say when is as old as the one before.
    last = line.stamp?.time ?? last
    const event = interpreter.read(line, `${path} ${raw.offset}`, last)
    count.lines += 1
    if (event === null) count.ignored += 1
    else run.take(event)
  }
}

function print({ time, notifiers, text }: ReplayedAlert) {
  say(`${style('dim', localTime(time))}  ${style('bold', notifiers.join(', '))}  ${text}`)
}

const SOURCES_SHOWN = 10

function summarize({ lines, ignored }: Lines, totals: ReplayTotals) {
  const { accepted, refused, closed, other, sessions, sources, alerts, folded, silent, same } = totals
  const row = (n: number, what: string) => say(`${String(n).padStart(8)}  ${what}`)
  say()
  row(lines, `lines, ${ignored} of them without a rule that knows them`)
  row(accepted, `logins; of ${sessions} sessions the log has the beginning and the end`)
  row(refused, 'refused attempts')
  if (closed > 0) row(closed, 'sessions that ended')
  if (other > 0) row(other, 'for patterns of the configuration')
  if (same > 0) row(same, 'lines about an attempt that another line had told of')
  row(alerts, `alerts; ${folded} more events were counted in them, ${silent} go to nobody`)
  const busiest = Object.entries(sources).sort(([, a], [, b]) => b.refused + b.accepted - a.refused - a.accepted)
  if (busiest.length > 0) say(`\n refused  accepted  from (${plural(busiest.length, 'source')})`)
  for (const [source, { accepted, refused }] of busiest.slice(0, SOURCES_SHOWN))
    say(`${String(refused).padStart(8)}  ${String(accepted).padStart(8)}  ${source}`)
}

/** @throws {PamAlertError} log_unreadable, config_invalid, config_unreadable */
export async function replay(paths: Paths, files: readonly string[], { json = false }: { json?: boolean }) {
  const config = configOf(paths)
  const run = createReplay(config, json ? sayJson : print)
  const count: Lines = { lines: 0, ignored: 0 }
  for (const file of files) {
    try {
      await replayFile(file, config, run, count)
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      if (code === undefined || !/^(?:E[A-Z]+|Z_[A-Z_]+)$/.test(code)) throw error
      throw new PamAlertError('log_unreadable', `${file}: ${code === 'ENOENT' ? 'there is no such file' : message}`)
    }
  }
  const totals = run.end()
  if (json) sayJson({ summary: { ...count, ...totals } })
  else summarize(count, totals)
}

// Results as sections of one table of text, ratios first.
import type { Line, Result, Unit } from './figures.ts'

const WHAT_WIDTH = 34
const GOAL_WIDTH = 18

/** Three digits that count. */
function digits(n: number): string {
  if (!Number.isFinite(n)) return '–'
  if (Math.abs(n) >= 1000) return Math.round(n).toLocaleString('en')
  return Number(n.toPrecision(3)).toString()
}

function amount(n: number, unit: Unit): string {
  if (unit === 'µs' && n >= 10_000) return `${digits(n / 1000)} ms`
  if (unit === 'ms' && n >= 10_000) return `${digits(n / 1000)} s`
  return unit === '/s' ? `${digits(n)}/s` : `${digits(n)} ${unit}`.trimEnd()
}

const times = (n: number | null) => (n === null ? '' : n >= 100 ? `${Math.round(n)} ×` : `${n.toFixed(2)} ×`)
const judged = ({ goal, met }: Line) => (goal === null ? '' : `${goal} ${met ? 'yes' : 'NO'}`)

function row(what: string, cells: readonly string[], goal: string): string {
  const [ratio = '', tailRatio = '', value = '', tail = '', spread = ''] = cells
  return [
    what.padEnd(WHAT_WIDTH),
    ratio.padStart(8),
    tailRatio.padStart(8),
    value.padStart(11),
    tail.padStart(10),
    `  ${spread}`.padEnd(23),
    goal.padEnd(GOAL_WIDTH),
  ]
    .join('')
    .trimEnd()
}

function line(entry: Line): string {
  const { what, unit, value, tail, spread, ratio, tailRatio } = entry
  const [low, high] = spread
  const cells = [
    times(ratio),
    times(tailRatio),
    amount(value, unit),
    tail === null ? '' : amount(tail, unit),
    low === high ? '' : `${amount(low, unit)} … ${amount(high, unit)}`,
  ]
  return row(`  ${what}`, cells, judged(entry))
}

export const heading = row('', ['× p50', '× p99', 'p50', 'p99', 'p50 of the rounds'], 'goal')

export function table({ title, reference, lines, notes }: Result): string {
  const compared = reference === null ? '' : ` (× ${reference})`
  return [`${title}${compared}`, ...lines.map(line), ...notes.map((note) => `  ${note}`), ''].join('\n')
}

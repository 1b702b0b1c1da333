// What was measured, round by round: medians, their spread, and their ratio to a reference of the same rounds.
export type Unit = 'µs' | 'ms' | 's' | '/s' | 'MB' | ''

export interface Goal {
  text: string
  met(line: Line): boolean
}

export interface Figure {
  what: string
  unit: Unit
  /** One per round: its median, or the one figure that there is. */
  rounds: readonly number[]
  /** The 99th percentile of each round, if it has one. */
  tails?: readonly number[]
  goal?: Goal
}

export interface Section {
  title: string
  /** The figure that the others are compared with. */
  reference: string | null
  figures: readonly Figure[]
  notes?: readonly string[]
}

/** A figure, summed up. */
export interface Line {
  what: string
  unit: Unit
  value: number
  tail: number | null
  /** The lowest and the highest of the rounds. */
  spread: readonly [number, number]
  /** The median of the rounds' own ratios: what slows a whole round down falls out. */
  ratio: number | null
  tailRatio: number | null
  goal: string | null
  met: boolean | null
}

export interface Result {
  title: string
  reference: string | null
  lines: Line[]
  notes: readonly string[]
}

/** The value below which the share `p` of the samples lies. */
export function percentile(samples: readonly number[], p: number): number {
  const sorted = samples.toSorted((a, b) => a - b)
  return sorted[Math.ceil(sorted.length * p) - 1] ?? Number.NaN
}

export const median = (samples: readonly number[]) => percentile(samples, 0.5)

/** A figure of samples that were taken in rounds. */
export function timed(what: string, unit: Unit, rounds: readonly (readonly number[])[], goal?: Goal): Figure {
  const tails = rounds.map((samples) => percentile(samples, 0.99))
  return { what, unit, rounds: rounds.map(median), tails, ...(goal ? { goal } : {}) }
}

const over = (own: readonly number[] | undefined, others: readonly number[] | undefined) =>
  own === undefined || others === undefined ? null : median(own.map((value, i) => value / (others[i] ?? Number.NaN)))

function sumUp(figure: Figure, reference: Figure | undefined): Line {
  const { what, unit, rounds, tails, goal } = figure
  const line = {
    what,
    unit,
    value: median(rounds),
    tail: tails ? median(tails) : null,
    spread: [Math.min(...rounds), Math.max(...rounds)] as const,
    ratio: over(rounds, reference?.rounds),
    tailRatio: over(tails, reference?.tails),
    goal: goal?.text ?? null,
    met: null,
  }
  return { ...line, met: goal?.met(line) ?? null }
}

export function evaluate({ title, reference, figures, notes = [] }: Section): Result {
  const compared = figures.find(({ what }) => what === reference)
  return { title, reference, lines: figures.map((figure) => sumUp(figure, compared)), notes }
}

/** At most this many times the reference, at the median and at the 99th percentile. */
export const atMostTimes = (n: number): Goal => ({
  text: `≤ ${n} ×`,
  met: ({ ratio, tailRatio }) => ratio !== null && ratio <= n && (tailRatio ?? 0) <= n,
})

/** The median at most this. */
export const atMost = (n: number, text: string): Goal => ({ text: `≤ ${text}`, met: ({ value }) => value <= n })

/** The 99th percentile at most this. */
export const tailAtMost = (n: number, text: string): Goal => ({
  text: `p99 ≤ ${text}`,
  met: ({ tail, value }) => (tail ?? value) <= n,
})

// "deploy logs in from 10.0.0.0/8 for the next ten minutes": what was announced, in data and in words.

/** Longer is no announcement but a route. */
export const LONGEST_MS = 7 * 86_400_000

export interface Expectation {
  id: number
  /** Who gets in, or becomes somebody else; null: whoever comes from `source`. */
  user: string | null
  /** Addresses and networks; none: from wherever. */
  source: readonly string[]
  reason: string | null
  durationMs: number
  /** Wall clock in milliseconds. */
  untilMs: number
  /** How many were held back so far. */
  held: number
}

/** As the command asks for it. */
export type Announcement = Pick<Expectation, 'user' | 'source' | 'reason' | 'durationMs'>

export const inWords = ({ user, source }: Announcement): string =>
  `${user ?? 'anybody'}${source.length === 0 ? '' : ` from ${source.join(', ')}`}`

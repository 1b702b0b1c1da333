// How often a rule may speak, as swatchdog(1) has it: Swatchdog::Threshold(3). What is held back is
// counted, and the next one that speaks says so.

export interface Threshold {
  /** limit: the first `count` in `seconds`. threshold: every `count`-th. both: once, at the `count`-th. */
  type: 'limit' | 'threshold' | 'both'
  count: number
  seconds: number
}

export interface Window {
  /** When it began, milliseconds since 1970. */
  since: number
  seen: number
  /** Since it spoke last. */
  held: number
}

function speaks({ type, count }: Threshold, before: number, after: number): boolean {
  switch (type) {
    case 'limit':
      return before < count
    case 'threshold':
      return Math.floor(after / count) > Math.floor(before / count)
    case 'both':
      return before < count && after >= count
  }
}

/**
 * @param times how often it has happened now
 * @returns the window from now on, and for how many it speaks; 0: not now
 */
export function pass(
  threshold: Threshold,
  window: Window | undefined,
  at: number,
  times: number,
): { window: Window; count: number } {
  const { since, seen, held } =
    window === undefined || at >= window.since + threshold.seconds * 1000
      ? { since: at, seen: 0, held: window?.held ?? 0 }
      : window
  const now = { since, seen: seen + times }
  return speaks(threshold, seen, now.seen)
    ? { window: { ...now, held: 0 }, count: held + times }
    : { window: { ...now, held: held + times }, count: 0 }
}

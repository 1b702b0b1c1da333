// Quantities in words. Durations as Prometheus and Alertmanager write them: 30s, 5m, 1h30m, 2d.

const UNIT_MS: Record<string, number> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
}

export const DURATION = /^(?:\d+(?:ms|[smhdw]))+$/

/** Milliseconds; NaN if it isn't a duration. */
export function durationMs(text: string): number {
  if (!DURATION.test(text)) return Number.NaN
  let sum = 0
  for (const [, number, unit] of text.matchAll(/(\d+)(ms|[smhdw])/g)) sum += Number(number) * (UNIT_MS[unit ?? ''] ?? 0)
  return sum
}

const UNIT_BYTES: Record<string, number> = { KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 }

export const SIZE = /^(\d+)([KMGT]iB)$/

/** Bytes; NaN if it isn't a size such as 64MiB. */
export function sizeBytes(text: string): number {
  const [, number, unit] = SIZE.exec(text) ?? []
  return Number(number) * (UNIT_BYTES[unit ?? ''] ?? Number.NaN)
}

/** The two largest units: 45 s, 12 min, 3 h 12 min, 2 d 5 h. */
export function spanInWords(seconds: number): string {
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  const [days, hours, rest] = [Math.floor(minutes / 1440), Math.floor(minutes / 60) % 24, minutes % 60]
  const units = [`${days} d`, `${hours} h`, `${rest} min`].slice(days > 0 ? 0 : hours > 0 ? 1 : 2)
  return units
    .slice(0, 2)
    .filter((unit) => !unit.startsWith('0 '))
    .join(' ')
}

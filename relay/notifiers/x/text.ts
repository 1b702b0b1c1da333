// What X counts, and a text in parts that it takes. Nothing here knows of an account or a request.

/** Code points of weight 1; all others count twice. https://docs.x.com/fundamentals/counting-characters (version 3) */
const LIGHT = [
  [0, 0x10ff],
  [0x2000, 0x200d],
  [0x2010, 0x201f],
  [0x2032, 0x2037],
] as const
const ELLIPSIS = '…'
/** More than this becomes unreadable; what is left then is cut. One digit, so that every part has the same room. */
const PARTS_MAX = 9

function weightOfSign(sign: string): number {
  const code = sign.codePointAt(0) ?? 0
  return LIGHT.some(([from, to]) => from <= code && code <= to) ? 1 : 2
}

/** Never less than X counts: of an emoji made of several code points it counts one. */
export function weightOf(text: string): number {
  let weight = 0
  for (const sign of text.normalize('NFC')) weight += weightOfSign(sign)
  return weight
}

/** The beginning that fits whole: up to the last space if there is one, else up to any sign. */
function beginningOf(text: string, room: number): string {
  let weight = 0
  let end = 0
  for (const sign of text) {
    weight += weightOfSign(sign)
    if (weight > room) {
      const space = text.lastIndexOf(' ', end)
      return text.slice(0, space > 0 ? space : end)
    }
    end += sign.length
  }
  return text
}

function cut(text: string, room: number): string {
  return weightOf(text) <= room ? text : beginningOf(text, room - weightOf(ELLIPSIS)) + ELLIPSIS
}

/**
 * `text` as X takes it, each part with `stamp` behind it.
 * @param max what one part may weigh
 * @param long whether a longer text is split at words into numbered parts, or cut
 */
export function partsOf(text: string, stamp: string, max: number, long: 'split' | 'cut'): string[] {
  const whole = text.normalize('NFC')
  const room = max - weightOf(stamp)
  if (long === 'cut' || weightOf(whole) <= room) return [cut(whole, room) + stamp]
  const roomOfPart = room - '(1/9) '.length
  const parts: string[] = []
  let rest = whole
  while (rest !== '') {
    const part = parts.length < PARTS_MAX - 1 ? beginningOf(rest, roomOfPart) : cut(rest, roomOfPart)
    parts.push(part)
    rest = parts.length === PARTS_MAX ? '' : rest.slice(part.length).trimStart()
  }
  return parts.map((part, i) => `(${i + 1}/${parts.length}) ${part}${stamp}`)
}

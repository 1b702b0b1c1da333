// Bytes of a log as text that is safe to print and can be turned back, as the hook does it: what can't
// stand as it is becomes \xHH, and a backslash before an x becomes \x5c.

/** C0, DEL, C1, separators of lines, and what is invisible or turns the line around. */
const UNPRINTABLE =
  /\p{Cc}|[\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]|\\(?=x)/gu
const escapeBytes = (bytes: Uint8Array) =>
  Array.from(bytes, (byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')
const escapeText = (text: string) => text.replaceAll(UNPRINTABLE, (char) => escapeBytes(Buffer.from(char)))

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** How long the UTF-8 character is that starts at `at`; 0 if none does. */
function characterAt(bytes: Uint8Array, at: number): number {
  const first = bytes[at] ?? 0
  const length = first < 0x80 ? 1 : first >> 5 === 6 ? 2 : first >> 4 === 14 ? 3 : first >> 3 === 30 ? 4 : 0
  try {
    strict.decode(bytes.subarray(at, at + length))
    return length
  } catch {
    // Not UTF-8, which is an answer.
    return 0
  }
}

export function escapeLine(bytes: Uint8Array): string {
  try {
    return escapeText(strict.decode(bytes))
  } catch {
    // Rare enough to be looked at byte by byte.
  }
  const parts: string[] = []
  for (let at = 0, length: number; at < bytes.length; at += Math.max(1, length)) {
    length = characterAt(bytes, at)
    const next = bytes.subarray(at, at + Math.max(1, length))
    // A backslash must see what follows it.
    const follower = length === 1 && bytes[at + 1] === 0x78 ? 'x' : ''
    parts.push(
      length === 0 ? escapeBytes(next) : escapeText(strict.decode(next) + follower).slice(0, follower ? -1 : undefined),
    )
  }
  return parts.join('')
}

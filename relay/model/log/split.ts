// Bytes of a log to lines, whatever the pieces they come in. It holds one unfinished line, and little of that.
import { createHash, type Hash } from 'node:crypto'

export interface RawLine {
  /** Without its end, LF or CR LF; of a very long line the beginning. */
  bytes: Uint8Array
  /** Where it begins in the log, and where the next one does. */
  offset: number
  end: number
  /** If the beginning is not all: of all of it. */
  cut: { bytes: number; sha256: string } | null
}

/** More of a line than that is no line. */
const LINE_MAX_BYTES = 65_536
const NEWLINE = 0x0a
const RETURN = 0x0d

/** @param start where in the log the first piece stands */
export function createSplitter(start: number) {
  let offset = start
  let position = start
  let held: Uint8Array[] = []
  let heldBytes = 0
  let hash: Hash | null = null
  let length = 0

  function hold(piece: Uint8Array) {
    length += piece.length
    const fits = piece.subarray(0, LINE_MAX_BYTES - heldBytes)
    if (fits.length < piece.length && hash === null) {
      hash = createHash('sha256')
      for (const part of held) hash.update(part)
    }
    hash?.update(piece)
    if (fits.length === 0) return
    // A copy: whoever reads uses the same buffer again.
    held.push(Uint8Array.from(fits))
    heldBytes += fits.length
  }

  function finish(end: number): RawLine {
    const cut = hash === null ? null : { bytes: length, sha256: hash.digest('hex') }
    const bytes = Buffer.concat(held)
    const line = { bytes: bytes.at(-1) === RETURN ? bytes.subarray(0, -1) : bytes, offset, end, cut }
    offset = end
    held = []
    heldBytes = 0
    hash = null
    length = 0
    return line
  }

  return {
    push(chunk: Uint8Array): RawLine[] {
      const lines: RawLine[] = []
      let from = 0
      // A file that was truncated under its writer begins with a hole, which reads as zeros.
      while (length === 0 && chunk[from] === 0) from += 1
      for (;;) {
        const at = chunk.indexOf(NEWLINE, from)
        hold(chunk.subarray(from, at === -1 ? chunk.length : at))
        if (at === -1) break
        lines.push(finish(position + at + 1))
        from = at + 1
      }
      position += chunk.length
      return lines
    },

    /** Where the line begins that nobody has ended yet. */
    begun: () => offset,

    /** A last line that nobody ended. */
    rest: (): RawLine | null => (length === 0 ? null : finish(position)),
  }
}

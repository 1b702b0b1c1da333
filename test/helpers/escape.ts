// The reader's half of the hook's escaping, written from its description.

/** \xHH is a byte; all else stands for its UTF-8 bytes. */
export function unescapeBytes(text: string): Buffer {
  const parts = text.split(/\\x([0-9a-f]{2})/)
  return Buffer.concat(parts.map((part, i) => (i % 2 ? Buffer.from(part, 'hex') : Buffer.from(part, 'utf8'))))
}

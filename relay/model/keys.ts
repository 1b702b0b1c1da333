// ssh keys: fingerprints, lines of authorized_keys(5), and the list of names that root keeps. It reads no file.
import { createHash } from 'node:crypto'

/** A comment is the user's own words; so much of it is kept. */
const COMMENT_MAX = 64

/** As ssh-keygen -l prints it. @param blob the key in base64, as in authorized_keys */
export function fingerprintOf(blob: string): string {
  const digest = createHash('sha256').update(Buffer.from(blob, 'base64')).digest('base64')
  return `SHA256:${digest.replace(/=+$/, '')}`
}

export interface NamedKey {
  user: string
  fingerprint: string
  name: string
}

/** Options may hold blanks in quotes, with \" for a quote. */
const LINE = /^(?:(?:[^\s"#]|"(?:[^"\\]|\\.)*")+\s+)??([a-z][\w.@-]*)\s+([A-Za-z0-9+/]{20,}=*)(?:\s+(.*))?$/

/** Control characters, and those that turn the text around them, would lie to whoever reads the name. */
const plain = (comment: string) =>
  comment
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim()
    .slice(0, COMMENT_MAX)
    .trim()

/** The keys with a comment in an authorized_keys file of this user's. */
export function namedKeys(user: string, text: string): NamedKey[] {
  return text.split('\n').flatMap((line) => {
    const [, , blob, comment = ''] = LINE.exec(line.trim()) ?? []
    const name = plain(comment)
    return blob === undefined || name === '' ? [] : [{ user, fingerprint: fingerprintOf(blob), name }]
  })
}

/** A line each: user, fingerprint, and the name to the end. */
export const printKeys = (keys: readonly NamedKey[]) =>
  keys.map(({ user, fingerprint, name }) => `${user} ${fingerprint} ${name}\n`).join('')

export function parseKeys(text: string): NamedKey[] {
  return text.split('\n').flatMap((line) => {
    const [, user, fingerprint, name] = /^(\S+) (SHA256:\S+) (.+)$/.exec(line) ?? []
    return user === undefined || fingerprint === undefined || name === undefined ? [] : [{ user, fingerprint, name }]
  })
}

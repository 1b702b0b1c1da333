// What a service, or a command, says of itself: kept short, on one line and free of our secrets.
import type { Secret } from '../model/secret.ts'
import { shorten } from '../model/text.ts'
import type { Dependencies } from './notifier.ts'

const WORDS_MAX = 200

/** Of an address that is secret, services quote the path alone. */
const piecesOf = (secret: Secret) =>
  [secret.reveal(), ...secret.reveal().split(/[\s/]+/)].filter((piece) => piece !== '')

/** Fit for a log. @param said of any type: empty if it is no text */
export function wordsOf(said: unknown, secrets: Dependencies['secrets']): string {
  if (typeof said !== 'string') return ''
  const hide = (text: string, piece: string) => text.replaceAll(piece, '[secret]')
  const hidden = Object.values(secrets).flatMap(piecesOf).reduce(hide, said)
  return shorten(hidden.replaceAll(/[\s\p{C}]+/gu, ' ').trim(), WORDS_MAX)
}

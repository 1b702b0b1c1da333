// What keys are called: by the configuration, or by the file that "pam-alert keys learn" wrote. It never
// reads a file of a user's.
import { parseKeys } from '../model/keys.ts'
import { createView } from './view.ts'

const idOf = (user: string, fingerprint: string) => `${user} ${fingerprint}`

/** @param path of root's; a name there holds for its own user only, who could have given any */
export function createKeyNames(path: string) {
  const learnt = createView(
    path,
    (text) => new Map(parseKeys(text).map(({ user, fingerprint, name }) => [idOf(user, fingerprint), name])),
  )
  return (given: ReadonlyMap<string, string>, user: string, fingerprint: string): string | null =>
    given.get(fingerprint) ?? learnt().get(idOf(user, fingerprint)) ?? null
}

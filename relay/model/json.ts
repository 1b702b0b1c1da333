// JSON.parse that refuses an object with two keys of one name: readers differ in which they take.

/** Strings and the signs between them; in valid JSON a string before a colon is a key. */
const TOKEN = /"(?:[^"\\]|\\.)*"|[{}:]/g

/** @throws {SyntaxError} where the text is no JSON or a key is there twice */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text)
  // What writes back as it was read had no key twice: so it is with all that the hook sends.
  if (JSON.stringify(value) === text) return value
  const open: Set<string>[] = []
  let last = ''
  for (const [token] of text.matchAll(TOKEN)) {
    if (token === '{') open.push(new Set())
    else if (token === '}') open.pop()
    else if (token === ':') {
      // With escapes the same key may be spelled in other ways.
      const key: string = last.includes('\\') ? JSON.parse(last) : last.slice(1, -1)
      const keys = open.at(-1)
      if (keys?.has(key)) throw new SyntaxError(`key ${last} is there twice`)
      keys?.add(key)
    }
    last = token
  }
  return value
}

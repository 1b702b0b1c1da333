// The table of hostile cases and the tests must tell the same.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

/** Whether a test of this name is in the text: as it stands, or as a template whose parts stand there, too. */
function has(text: string, name: string): boolean {
  if (text.includes(`test('${name}'`) || text.includes(`test("${name}"`) || text.includes(`test(\`${name}\``))
    return true
  return [...text.matchAll(/\btest\(`([^\n]+)`,/g)].some(([, template = '']) => {
    const pattern = template
      .split(/\$\{(?:[^{}]|\{[^{}]*\})+\}/)
      .map(RegExp.escape)
      .join('(.+)')
    const parts = new RegExp(`^${pattern}$`).exec(name)?.slice(1) ?? []
    return parts.length > 0 && parts.every((part) => text.includes(part))
  })
}

test('every hostile case names a test that exists, or says that it has none yet', () => {
  const rows = readFileSync(join(import.meta.dirname, 'README.md'), 'utf8').match(/^\| (?!case|-).*\|$/gm) ?? []
  assert.equal(rows.length, 65)
  const cells = rows.map((row) => row.split(' | ').map((cell) => cell.replace(/^\| | \|$/g, '')))
  assert.equal(new Set(cells.map(([id]) => id)).size, rows.length, 'each has a name of its own')
  for (const [id = '', , , held = ''] of cells) {
    const [, file, name] = /^`(.+)`: (.+)$/.exec(held) ?? []
    if (file === undefined || name === undefined) assert.match(held, /^later: /, id)
    else
      assert.ok(
        has(readFileSync(join(import.meta.dirname, file), 'utf8'), name),
        `${id}: ${file} has no test "${name}"`,
      )
  }
})

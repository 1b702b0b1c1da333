import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { without } from '../helpers/needs.ts'
import { tempDir } from '../helpers/temp.ts'
import type { Result } from './figures.ts'

test('the benchmark runs, and has a figure for all that it measures', {
  skip: without('taskset', 'curl'),
}, async (t) => {
  const json = join(tempDir(t), 'bench.json')
  const args = [join(import.meta.dirname, 'bench.ts'), '--short', '--json', json]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let [table, progress] = ['', '']
  child.stdout.on('data', (chunk) => {
    table += chunk
  })
  child.stderr.on('data', (chunk) => {
    progress += chunk
  })
  const [status] = await once(child, 'close')
  assert.equal(status, 0, progress)
  const { results } = JSON.parse(readFileSync(json, 'utf8')) as { results: (Result & { part: string })[] }
  assert.deepEqual(
    [...new Set(results.map(({ part }) => part))],
    ['logins', 'intake', 'latency', 'footprint', 'growth', 'flood'],
  )
  for (const { title, lines } of results)
    for (const { what, value } of lines) {
      assert.ok(Number.isFinite(value), `${title}: ${what}: ${value}`)
      assert.ok(table.includes(what), `${what} is in the table`)
    }
  for (const line of table.split('\n').slice(1)) assert.ok(line.length <= 120, line)
})

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { without } from '../helpers/needs.ts'

const top = join(import.meta.dirname, '../..')

test('the encoder and the reply parser give back what they were given: the corpus, and what grows from it', {
  skip: without('clang', 'make'),
}, (t) => {
  assert.equal(spawnSync('make', ['-s', '-C', join(top, 'hook'), 'fuzz'], { stdio: 'inherit' }).status, 0)
  const corpus = join(import.meta.dirname, 'corpus')
  const seeds = readdirSync(corpus).map((name) => join(corpus, name))
  const all = spawnSync(join(top, 'hook/build/fuzz'), seeds, { encoding: 'utf8' })
  assert.equal(all.status, 0, all.stderr)
  const grown = spawnSync(join(top, 'hook/build/fuzz'), ['-runs=20000', '-seed=1', `-seed_inputs=${seeds}`], {
    encoding: 'utf8',
  })
  assert.equal(grown.status, 0, grown.stderr)
  t.diagnostic(`${seeds.length} seeds`)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { without } from '../helpers/needs.ts'
import { killPoints } from './kill-points.ts'

/** The full run takes every one; here they are far enough apart for half a minute. */
const STRIDE = 13

test('killed before a single step of store, spool or deliver: nothing is lost', {
  skip: without('strace'),
}, async (t) => {
  const kills = await killPoints(t, STRIDE)
  t.diagnostic(JSON.stringify(kills))
  for (const [step, n] of Object.entries(kills)) assert.ok(n > 0, `it came to ${step}`)
})

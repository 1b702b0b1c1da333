import assert from 'node:assert/strict'
import { test } from 'node:test'
import { flood } from './flood.ts'

test('five thousand refused logins: all stored, none lost or untold, memory flat, a login among them told', async (t) => {
  const { messages, before, after } = await flood(t, 5000)
  t.diagnostic(`${messages} messages, ${before.toFixed(0)} MB, then ${after.toFixed(0)} MB`)
  assert.ok(messages < 1000)
  assert.ok(after < before + 24, `${before} MB, then ${after} MB`)
})

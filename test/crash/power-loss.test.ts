import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { without } from '../helpers/needs.ts'
import { powerLoss, type Recording, recordHook, recordRelay } from './power-loss.ts'

/** The full run takes every step; here they are far enough apart for half a minute. */
const STRIDE = 7

/** As if the program had never synced such files: what is looked at must then be lost. */
const careless = (recording: Recording, suffix: string): Recording => ({
  ...recording,
  steps: recording.steps.filter((step) => !(step.does === 'sync' && step.path.endsWith(suffix))),
})

describe('the power goes', { skip: without('strace') }, () => {
  test('at any step of the relay: nothing that was acknowledged, witnessed or spooled is lost', async (t) => {
    const recording = await recordRelay(t, 20)
    const { cuts, disks } = await powerLoss(t, recording, STRIDE)
    t.diagnostic(`${cuts} cuts, ${disks} disks`)
    assert.ok(recording.steps.some(({ does }) => does === 'say'))
    await assert.rejects(
      powerLoss(t, careless(recording, '-wal'), STRIDE),
      /the power went after step \d+ .*: event \S+ was/,
    )
  })

  test('at any step of the hook: the file is whole or not there, and there once its directory is synced', async (t) => {
    const recording = await recordHook(t)
    const { cuts } = await powerLoss(t, recording, 1)
    assert.ok(cuts >= 6, String(cuts))
    await assert.rejects(powerLoss(t, careless(recording, '.new'), 1), /was spooled/)
  })
})

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { createKeyNames } from '../../../relay/machine/key-names.ts'
import { tempDir } from '../../helpers/temp.ts'

describe('names of keys', () => {
  test('the operator’s go first; a user’s own words hold for himself alone', (t) => {
    const path = join(tempDir(t), 'known-keys')
    const nameOf = createKeyNames(path)
    assert.equal(nameOf(new Map(), 'alice', 'SHA256:a'), null)
    writeFileSync(path, 'alice SHA256:a alice@laptop 2024\nmallory SHA256:a backup server\n')
    assert.equal(nameOf(new Map(), 'alice', 'SHA256:a'), 'alice@laptop 2024')
    assert.equal(nameOf(new Map(), 'mallory', 'SHA256:a'), 'backup server')
    assert.equal(nameOf(new Map(), 'bob', 'SHA256:a'), null)
    assert.equal(nameOf(new Map([['SHA256:a', 'laptop']]), 'bob', 'SHA256:a'), 'laptop')
  })
})

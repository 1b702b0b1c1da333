import assert from 'node:assert/strict'
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { createAccounts } from '../../../relay/machine/accounts.ts'
import { pathsBelow } from '../../../relay/model/paths.ts'
import { tempDir } from '../../helpers/temp.ts'

const PASSWD = `root:x:0:0::/root:/bin/bash
toor:x:0:0::/root:/bin/sh
alice:x:1000:1000::/home/alice:/bin/bash
bob:x:1001:27::/home/bob:/bin/bash
carol:x:1002:1002::/home/carol:/bin/bash
`

describe('the accounts of the machine', () => {
  test('root, who has its number, and members of an admin group are mighty', (t) => {
    const paths = pathsBelow(tempDir(t))
    mkdirSync(`${paths.root}/etc`)
    writeFileSync(paths.passwd, PASSWD)
    writeFileSync(paths.group, 'root:x:0:\nsudo:x:27:alice\nusers:x:100:carol\n')
    const { standing, has } = createAccounts(paths)
    const admin = (name: string) => standing(name).admin
    assert.deepEqual(['root', 'toor', 'alice', 'bob'].map(admin), [true, true, true, true])
    assert.deepEqual(['carol', 'mallory', '', '__proto__'].map(admin), [false, false, false, false])
    assert.deepEqual(['carol', 'mallory', '__proto__'].map(has), [true, false, false])
  })

  test('an account is in its own group, and in those that name it', (t) => {
    const paths = pathsBelow(tempDir(t))
    mkdirSync(`${paths.root}/etc`)
    writeFileSync(paths.passwd, PASSWD)
    writeFileSync(paths.group, 'sudo:x:27:alice\nalice:x:1000:\ndeploy:x:200:bob,alice\nbroken\n')
    const { standing } = createAccounts(paths)
    assert.deepEqual(standing('alice').groups, ['alice', 'sudo', 'deploy'])
    assert.deepEqual(standing('bob').groups, ['sudo', 'deploy'])
    assert.deepEqual(standing('mallory').groups, [])
  })

  test('a file that is replaced is read again; one that is missing is empty', (t) => {
    const paths = pathsBelow(tempDir(t))
    const { standing, has } = createAccounts(paths)
    const admin = (name: string) => standing(name).admin
    assert.deepEqual([admin('root'), admin('alice'), has('root')], [true, false, false])
    mkdirSync(`${paths.root}/etc`)
    for (const members of ['alice', 'carol']) {
      writeFileSync(`${paths.group}.new`, `wheel:x:10:${members}\n`)
      renameSync(`${paths.group}.new`, paths.group)
      assert.deepEqual([admin('alice'), admin('carol')], [members === 'alice', members === 'carol'])
    }
  })
})

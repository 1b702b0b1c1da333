import assert from 'node:assert/strict'
import { generateKeyPairSync, verify as verifySignature } from 'node:crypto'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, type TestContext, test } from 'node:test'
import { verifyChain } from '../../relay/cli/verify.ts'
import { openDatabase } from '../../relay/db/database.ts'
import { pathsBelow } from '../../relay/model/paths.ts'
import { chainHash, createWitness, headText, openHostKey } from '../../relay/sign.ts'
import { loginEvent } from '../helpers/alerts.ts'
import { command, startRelay } from '../helpers/relay.ts'
import { tempDir } from '../helpers/temp.ts'

/** A chain of ten events, then what somebody did to the file. */
function tampered(t: TestContext, sql: string): string {
  const path = join(tempDir(t), 'relay.db')
  const db = openDatabase(path)
  let hash: Uint8Array = new Uint8Array(32)
  for (let seq = 1; seq <= 10; seq++) {
    const record = JSON.stringify({ seq, user: `user${seq}` })
    hash = chainHash(hash, record)
    db.prepare('INSERT INTO event VALUES (?, ?, ?, ?)').run(seq, String(seq), record, hash)
  }
  db.exec(sql)
  db.close()
  return path
}

describe('verify', () => {
  test('names the first event that was changed, removed or put in', (t) => {
    const broken = (sql: string) => verifyChain(tampered(t, sql), null).broken
    assert.equal(broken(''), null)
    assert.deepEqual(broken(`UPDATE event SET record = replace(record, 'user4', 'nobody') WHERE seq = 4`)?.seq, 4)
    assert.deepEqual(broken("UPDATE event SET hash = x'00' WHERE seq = 7")?.seq, 7)
    assert.deepEqual(broken('DELETE FROM event WHERE seq = 5'), { seq: 5, reason: 'it is missing' })
    assert.deepEqual(broken('DELETE FROM event WHERE seq BETWEEN 1 AND 3'), {
      seq: 1,
      reason: 'it and all up to 3 are missing',
    })
    const putIn = `UPDATE event SET seq = seq + 100 WHERE seq > 5; UPDATE event SET seq = seq - 99 WHERE seq > 100;
      INSERT INTO event SELECT 6, 'x', record, hash FROM event WHERE seq = 3`
    assert.equal(broken(putIn)?.seq, 6)
    const swapped = `UPDATE event SET record = CASE seq WHEN 2 THEN (SELECT record FROM event WHERE seq = 3)
      ELSE (SELECT record FROM event WHERE seq = 2) END WHERE seq IN (2, 3)`
    assert.equal(broken(swapped)?.seq, 2)
  })

  test('with the head that a receiver has kept it finds a chain that was cut or written anew', (t) => {
    const { hash } = verifyChain(tampered(t, ''), null)
    const cut = 'DELETE FROM event WHERE seq > 8'
    assert.equal(verifyChain(tampered(t, cut), null).broken, null, 'by itself a shorter chain is a chain')
    assert.equal(verifyChain(tampered(t, cut), { seq: 10, hash }).broken?.seq, 10)
    assert.equal(verifyChain(tampered(t, ''), { seq: 10, hash }).broken, null)
    assert.equal(verifyChain(tampered(t, ''), { seq: 10, hash: hash.replace(/.$/, 'x') }).broken?.seq, 10)
  })

  test('on the command line: the exit status tells, and the head of an alert is taken', async (t) => {
    const relay = await startRelay(t)
    for (let i = 0; i < 3; i++) await relay.ask('POST', '/v1/events', JSON.stringify(loginEvent()))
    const whole = await command(relay.paths.root, 'verify')
    assert.equal(whole.status, 0)
    const [, head = ''] = /^whole {2}3 events\n {7}head (3:[0-9a-f]{64})\n$/.exec(whole.stdout) ?? []
    assert.equal((await command(relay.paths.root, 'verify', '--head', head)).status, 0)
    await relay.stop()
    const db = new DatabaseSync(relay.paths.database)
    db.exec(`UPDATE event SET record = replace(record, 'alice', 'mallory') WHERE seq = 2`)
    db.close()
    const broken = await command(relay.paths.root, 'verify', '--json')
    assert.deepEqual([broken.status, JSON.parse(broken.stdout).broken.seq], [1, 2])
    assert.equal((await command(relay.paths.root, 'verify', '--head', 'x')).status, 2)
  })
})

describe('the host key', () => {
  test('is made once, is nobody else’s, and signs the head of the chain', (t) => {
    const path = join(tempDir(t), 'host.key')
    const key = openHostKey(path)
    assert.equal(statSync(path).mode & 0o777, 0o600)
    assert.equal(openHostKey(path).publicKey, key.publicKey)
    const raw = Buffer.from(key.publicKey.replace('whpk_', ''), 'base64')
    const jwk = { ...generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }), x: raw.toString('base64url') }
    let signatures = 0
    const counting = {
      ...key,
      sign(data: string | Buffer) {
        signatures += 1
        return key.sign(data)
      },
    }
    const witness = createWitness(counting, () => ({ seq: 7, hash: new Uint8Array(32) }))
    const { seq, hash, signature } = witness()
    witness()
    assert.equal(signatures, 1)
    assert.ok(
      verifySignature(
        null,
        Buffer.from(headText(seq, hash)),
        { key: jwk, format: 'jwk' },
        Buffer.from(signature, 'base64'),
      ),
    )
  })

  test('is printed for receivers', async (t) => {
    const relay = await startRelay(t)
    const { stdout } = await command(relay.paths.root, 'key')
    assert.equal(stdout, `${openHostKey(pathsBelow(relay.paths.root).hostKey).publicKey}\n`)
  })
})

// The chain over all stored events, and the host's key: whoever changes, removes or adds an event
// breaks every hash behind it, and each receiver of an alert has seen a signed one.
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import type { ChainHead } from './model/alert.ts'

/** What stands before the first event. */
export const GENESIS: Uint8Array = new Uint8Array(32)

/** SHA-256 over the hash before and the record's bytes. */
export function chainHash(prev: Uint8Array, record: string): Uint8Array {
  return createHash('sha256').update(prev).update(record).digest()
}

export interface HostKey {
  /** Ed25519, RFC 8032. */
  sign(data: string | Buffer): Buffer
  /** @param signature base64 */
  verify(data: string, signature: string): boolean
  /** A secret of this host's for one purpose; RFC 5869. */
  derive(purpose: string): Uint8Array
  /** As Standard Webhooks writes it: whpk_ and the base64 of the 32 bytes. */
  publicKey: string
}

/** What a witness of the chain has seen: `signature` is the host's, over this text. */
export const headText = (seq: number, hash: string) => `pam-alert chain ${seq} ${hash}`

/** Where the chain was cut on purpose: up to this event nothing is there any more. */
export const cutText = ({ seq, hash, time }: { seq: number; hash: Uint8Array; time: string }) =>
  `pam-alert pruned ${seq} ${Buffer.from(hash).toString('hex')} ${time}`

function create(path: string) {
  const { privateKey } = generateKeyPairSync('ed25519')
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' })
  writeFileSync(`${path}.new`, pem, { mode: 0o600, flush: true })
  renameSync(`${path}.new`, path)
}

const rawPublic = (key: KeyObject) => Buffer.from(String(key.export({ format: 'jwk' }).x), 'base64url')

const rawSecret = (key: KeyObject) => Buffer.from(String(key.export({ format: 'jwk' }).d), 'base64url')

/** The key in this file; one is made if there is none. */
export function openHostKey(path: string): HostKey {
  if (!existsSync(path)) create(path)
  const key = createPrivateKey(readFileSync(path))
  return {
    sign: (data) => sign(null, Buffer.from(data), key),
    verify: (data, signature) =>
      verify(null, Buffer.from(data), createPublicKey(key), Buffer.from(signature, 'base64')),
    derive: (purpose) => new Uint8Array(hkdfSync('sha256', rawSecret(key), '', purpose, 32)),
    publicKey: `whpk_${rawPublic(createPublicKey(key)).toString('base64')}`,
  }
}

/** Signs each head once, however many alerts carry it. */
export function createWitness(key: HostKey, head: () => { seq: number; hash: Uint8Array }): () => ChainHead {
  let last: ChainHead | null = null
  return () => {
    const { seq, hash } = head()
    if (last?.seq === seq) return last
    const hex = Buffer.from(hash).toString('hex')
    last = { seq, hash: hex, signature: key.sign(headText(seq, hex)).toString('base64') }
    return last
  }
}

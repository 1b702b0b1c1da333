// A certificate authority of the test's own, and certificates for any name.
import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'

x509.cryptoProvider.set(webcrypto as Crypto)

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const DAY_MS = 86_400_000

export interface Certificate {
  key: string
  cert: string
}

export interface Authority {
  /** PEM, for ca_file. */
  cert: string
  issue(name: string, validity?: { from: Date; to: Date }): Promise<Certificate>
}

const newKeys = () => webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])

async function pem(key: CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')
}

export async function createAuthority(): Promise<Authority> {
  const keys = await newKeys()
  const now = Date.now()
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=Test Authority',
    keys,
    notBefore: new Date(now - DAY_MS),
    notAfter: new Date(now + DAY_MS),
    signingAlgorithm: algorithm,
    extensions: [new x509.BasicConstraintsExtension(true, 0, true)],
  })
  return {
    cert: ca.toString('pem'),
    async issue(name, validity = { from: new Date(now - DAY_MS), to: new Date(now + DAY_MS) }) {
      const own = await newKeys()
      const cert = await x509.X509CertificateGenerator.create({
        subject: `CN=${name}`,
        issuer: ca.subject,
        notBefore: validity.from,
        notAfter: validity.to,
        signingKey: keys.privateKey,
        publicKey: own.publicKey,
        signingAlgorithm: algorithm,
        extensions: [
          new x509.SubjectAlternativeNameExtension([{ type: /^[\d.]+$/.test(name) ? 'ip' : 'dns', value: name }]),
        ],
      })
      return { key: await pem(own.privateKey), cert: cert.toString('pem') }
    },
  }
}

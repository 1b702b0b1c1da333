// Signed webhooks after the Standard Webhooks specification (https://www.standardwebhooks.com).
import { Webhook } from 'standardwebhooks'
import { outcomeOf, send, unreachable } from './http.ts'
import type { NotifierKind } from './notifier.ts'
import { payload } from './payload.ts'

interface Options {
  url: string
}

function signer(secret: string): Webhook {
  // The library would take any base64, and say little of what isn't.
  if (!/^whsec_[A-Za-z0-9+/]{32,88}={0,2}$/.test(secret))
    throw new Error('secret_file must hold whsec_ and the base64 of 24 to 64 random bytes')
  return new Webhook(secret)
}

export const webhook: NotifierKind<Options> = {
  type: 'webhook',
  schema: {
    required: ['url', 'secret_file'],
    properties: {
      url: { type: 'string', format: 'endpoint' },
      /** whsec_…; while a secret is being changed, the new and the old one on a line each. */
      secret_file: { type: 'string', format: 'path' },
    },
  },
  example: `
type = "webhook"
url = "https://ops.example/hook"        # plain http only to this machine
secret_file = "/etc/pam-alert/secrets/ops"  # whsec_...; two lines while it is being changed
`,
  create({ url }, { secrets, network, sign, now }) {
    const signers = (secrets.secret?.reveal() ?? '').split(/\s+/).map(signer)
    return {
      async send(alert, { key, signal }) {
        const body = payload(alert)
        const sentAt = new Date(now())
        const timestamp = Math.floor(sentAt.getTime() / 1000)
        // v1 with the shared secrets, v1a with the host's key: receivers take what they can check.
        const asymmetric = `v1a,${sign(`${key}.${timestamp}.${body}`).toString('base64')}`
        const headers = {
          'content-type': 'application/json',
          'webhook-id': key,
          'webhook-timestamp': String(timestamp),
          'webhook-signature': [...signers.map((signer) => signer.sign(key, sentAt, body)), asymmetric].join(' '),
        }
        try {
          return outcomeOf(await send(network, signal, { method: 'POST', url, headers, body }), now())
        } catch (error) {
          return unreachable(error)
        }
      },
    }
  },
}

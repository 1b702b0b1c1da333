// twitter-api-v2, kept to one attempt's deadline and to our way to the network; loaded when it is needed.
import type { Secret } from '../../model/secret.ts'
import { agentFor, type Network } from '../http.ts'

export interface XKeys {
  consumer_key: Secret
  consumer_secret: Secret
  /** Of an account, or while it is being authorized, of the request. Absent: of none yet. */
  access_token?: Secret
  access_secret?: Secret
}

export async function createClient(keys: XKeys, network: Network, signal: AbortSignal) {
  const { TwitterApi } = await import('twitter-api-v2')
  const agent = agentFor(network, signal)
  const api = new TwitterApi(
    {
      appKey: keys.consumer_key.reveal(),
      appSecret: keys.consumer_secret.reveal(),
      ...(keys.access_token &&
        keys.access_secret && { accessToken: keys.access_token.reveal(), accessSecret: keys.access_secret.reveal() }),
    },
    // Without compression a corrupt body can't end in an uncaught exception of zlib's.
    { httpAgent: agent, compression: false },
  )
  return { api, guard: agent.guard.bind(agent) as typeof agent.guard }
}

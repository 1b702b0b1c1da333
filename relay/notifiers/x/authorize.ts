// The PIN flow of OAuth 1.0a: an account lets an app write in its name. It stores nothing.
// https://docs.x.com/resources/fundamentals/authentication/oauth-1-0a/pin-based-oauth
import { PamAlertError } from '../../model/errors.ts'
import { Secret } from '../../model/secret.ts'
import type { Network } from '../http.ts'
import { clockOff, refusalOf } from './answer.ts'
import { createClient, type XKeys } from './client.ts'

const STEP_MS = 30_000

const appRefused = (words: string) => new PamAlertError('x_app_refused', words)
const wrongPin = (words: string) => new PamAlertError('x_wrong_pin', words)
const revoked = (words: string) => new PamAlertError('x_revoked', words)
const noAccount = (words: string) => new PamAlertError('x_no_account', words)

export interface Account {
  id: string
  /** Without the @. */
  name: string
}

/** @param fault what a refusal in X's words means at this step */
async function step<T>(
  keys: XKeys,
  network: Network,
  fault: (words: string) => PamAlertError,
  work: (api: Awaited<ReturnType<typeof createClient>>['api']) => Promise<T>,
): Promise<T> {
  const { api, guard } = await createClient(keys, network, AbortSignal.timeout(STEP_MS))
  try {
    return await guard(work(api))
  } catch (error) {
    const refusal = refusalOf(error, { ...keys })
    if (refusal === null) {
      const cause = (error as { _options?: { error?: Error } })._options?.error ?? (error as Error)
      throw new PamAlertError('x_unreachable', cause.message)
    }
    const { status, detail, headers } = refusal
    const clock = clockOff(headers, Date.now())
    if (status === 401 && clock !== null) throw new PamAlertError('x_clock_off', clock)
    const words = `X: HTTP ${status}${detail === '' ? '' : ` ${detail}`}`
    throw status === 429 || status >= 500 ? new PamAlertError('x_unreachable', words) : fault(words)
  }
}

/** The first half: where somebody, logged in to the account, allows it and is shown the PIN. */
export async function requestAuthorization(app: Pick<XKeys, 'consumer_key' | 'consumer_secret'>, network: Network) {
  const link = await step(app, network, appRefused, (api) => api.generateAuthLink('oob', { linkMode: 'authorize' }))
  const request = {
    ...app,
    access_token: new Secret(link.oauth_token),
    access_secret: new Secret(link.oauth_token_secret),
  }
  return {
    address: link.url,

    /** The second half. @throws {PamAlertError} x_wrong_pin, x_clock_off, x_unreachable */
    async redeem(pin: string): Promise<Required<XKeys>> {
      const { accessToken, accessSecret } = await step(request, network, wrongPin, (api) => api.login(pin))
      return { ...app, access_token: new Secret(accessToken), access_secret: new Secret(accessSecret) }
    },
  }
}

/** Whose tokens these are. @throws {PamAlertError} x_revoked, x_clock_off, x_unreachable */
export async function accountOf(keys: Required<XKeys>, network: Network): Promise<Account> {
  const { data } = await step(keys, network, revoked, (api) => api.v2.me())
  return { id: data.id, name: data.username }
}

/** The account of that name. @throws {PamAlertError} x_no_account, x_clock_off, x_unreachable */
export async function accountNamed(name: string, keys: Required<XKeys>, network: Network): Promise<Account> {
  const { data } = await step(keys, network, noAccount, (api) => api.v2.userByUsername(name))
  if (data === undefined) throw noAccount(`@${name}`)
  return { id: data.id, name: data.username }
}

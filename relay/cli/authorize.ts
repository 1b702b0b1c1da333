// pam-alert authorize x: the PIN flow on the terminal, up to a first message. Secrets come from prompts
// or files and go to files of root's; none is printed or an argument.
import { randomUUID } from 'node:crypto'
import { closeSync, fchmodSync, fsyncSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs'
import { hostname } from 'node:os'
import { dirname, join } from 'node:path'
import { noticeAlert } from '../model/alert.ts'
import { PamAlertError } from '../model/errors.ts'
import type { Paths } from '../model/paths.ts'
import { Secret } from '../model/secret.ts'
import type { Network } from '../notifiers/http.ts'
import { accountNamed, accountOf, requestAuthorization } from '../notifiers/x/authorize.ts'
import type { XKeys } from '../notifiers/x/client.ts'
import { type XOptions, x } from '../notifiers/x.ts'
import { createSecretReader } from '../settings.ts'
import { configuredNotifier } from './configured.ts'
import { createDialogue, say, style } from './terminal.ts'

const KEYS = ['consumer_key', 'consumer_secret', 'access_token', 'access_secret'] as const
type Files = Record<`${(typeof KEYS)[number]}_file`, string>

export interface AuthorizeOptions {
  consumerKeyFile?: string
  consumerSecretFile?: string
  to?: string
  post?: boolean
}

/** Whole or not at all, for root's eyes only. */
function store(path: string, value: Secret) {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const draft = `${path}.${randomUUID()}`
  const fd = openSync(draft, 'wx', 0o600)
  try {
    fchmodSync(fd, 0o600)
    writeSync(fd, `${value.reveal()}\n`)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  renameSync(draft, path)
}

function tableOf(name: string, { mode, recipient }: XOptions, files: Files): string {
  const lines = [`type = "x"`, `mode = "${mode}"`, ...(mode === 'dm' ? [`recipient = "${recipient}"`] : [])]
  return [`[notifiers.${name}]`, ...lines, ...Object.entries(files).map(([key, path]) => `${key} = "${path}"`)].join(
    '\n',
  )
}

/** @throws {PamAlertError} not_root, no_answer, x_app_refused, x_wrong_pin, x_revoked, x_clock_off, x_unreachable … */
export async function authorizeX(paths: Paths, wanted: string | undefined, options: AuthorizeOptions) {
  if (process.geteuid?.() !== 0 && paths.root === '/') throw new PamAlertError('not_root')
  const { name, table, network } = configuredNotifier<XOptions & Files>(paths, 'x', wanted)
  const fileOf = (key: string) => join(paths.secrets, `${name}-${key.replace('_', '-')}`)
  const files = (table ?? Object.fromEntries(KEYS.map((key) => [`${key}_file`, fileOf(key)]))) as Files
  const dialogue = createDialogue()
  try {
    const read = createSecretReader(paths)
    const keyOf = async (what: string, given: string | undefined) => {
      try {
        if (given !== undefined) return read(given)
      } catch (error) {
        throw new PamAlertError('usage', (error as Error).message)
      }
      return new Secret(await dialogue.ask(`${what} of your app (not shown):`, true))
    }
    if (options.consumerKeyFile === undefined || options.consumerSecretFile === undefined)
      say('Your app at https://console.x.com has them under "Keys and tokens".')
    const app = {
      consumer_key: await keyOf('Consumer key', options.consumerKeyFile),
      consumer_secret: await keyOf('Consumer secret', options.consumerSecretFile),
    }
    const { address, redeem } = await requestAuthorization(app, network)
    say(`\nLog in to X as the account that shall write, open this address and allow it:\n\n  ${address}\n`)
    const keys = await redeem(await dialogue.ask('The PIN that X shows:'))
    const account = await accountOf(keys, network)
    say(style('green', `X knows you as @${account.name}.`))

    const target = table ?? (await chooseTarget(options, dialogue.ask, keys, network))
    for (const key of KEYS) store(files[`${key}_file`], keys[key])
    say(`The tokens are stored in ${dirname(files.access_token_file)}, for root alone.`)
    await sendFirst(target, keys, network)
    if (table !== null) say(`\n[notifiers.${name}] is right as it is. Next: systemctl restart pam-alert`)
    else
      say(`\nAdd this to ${paths.config}, and "${name}" to the routes that shall notify it:\n\n${tableOf(name, target, files)}
\nNext: pam-alert config check, then systemctl restart pam-alert`)
  } finally {
    dialogue.close()
  }
}

async function chooseTarget(
  { to, post }: AuthorizeOptions,
  ask: (question: string) => Promise<string>,
  keys: Required<XKeys>,
  network: Network,
): Promise<XOptions> {
  if (post) return { mode: 'post' }
  const who = (to ?? (await ask('Who gets direct messages (name or numeric id; empty: it posts)?'))).replace(/^@/, '')
  if (who === '') return { mode: 'post' }
  return { mode: 'dm', recipient: /^\d+$/.test(who) ? who : (await accountNamed(who, keys, network)).id }
}

/** Through the notifier itself. @throws {PamAlertError} x_not_sent */
async function sendFirst(options: XOptions, keys: Required<XKeys>, network: Network) {
  const secrets = { ...keys }
  const notifier = x.create(options, { secrets, network, sign: () => Buffer.alloc(0), now: Date.now })
  const alert = noticeAlert(`${hostname()}: logins there will be told here`, new Date().toISOString())
  const attempt = { key: randomUUID(), earlier: 0, part: 0, signal: AbortSignal.timeout(30_000) }
  const outcome = await notifier.send(alert, attempt)
  if (outcome.kind === 'retry' || outcome.kind === 'refused') throw new PamAlertError('x_not_sent', outcome.reason)
  say(
    options.mode === 'dm'
      ? 'A first message is on its way.'
      : 'A first post is up. Posts with a link cost more; ours have none.',
  )
}

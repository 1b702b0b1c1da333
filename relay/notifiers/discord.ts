// Discord, through a webhook (https://discord.com/developers/docs/resources/webhook#execute-webhook).
// Whoever knows its address can post: it is a secret, and a file.
import { defuse, shorten } from '../model/text.ts'
import { call } from './api.ts'
import type { NotifierKind } from './notifier.ts'
import { secretAddress } from './secret-address.ts'

interface Options {
  click?: string
}

const CONTENT_MAX = 2000
const SUPPRESS_EMBEDS = 1 << 2
const SUPPRESS_NOTIFICATIONS = 1 << 12

/** Its Markdown, as text. */
const escaped = (text: string) => text.replaceAll(/[\\*_~`|>#[\]]/g, '\\$&')

export const discord: NotifierKind<Options> = {
  type: 'discord',
  schema: {
    required: ['url_file'],
    properties: {
      url_file: { type: 'string', format: 'path' },
      click: { type: 'string', format: 'link' },
    },
  },
  example: `
type = "discord"
url_file = "/etc/pam-alert/secrets/discord-url"  # https://discord.com/api/webhooks/...
click = "https://wiki.example/logins"   # a link behind the text
`,
  create({ click }, dependencies) {
    const url = new URL(secretAddress(dependencies))
    // Without it Discord says yes before it has the message.
    url.searchParams.set('wait', 'true')
    const link = click === undefined ? '' : ` [Open](<${click}>)`
    return {
      send(alert, { signal }) {
        const body = {
          content: `${shorten(escaped(defuse(alert.text)), CONTENT_MAX - link.length)}${link}`,
          allowed_mentions: { parse: [] },
          flags: SUPPRESS_EMBEDS | (alert.priority < 0 ? SUPPRESS_NOTIFICATIONS : 0),
        }
        return call<{ id: unknown; message: unknown; retry_after: unknown }>(
          dependencies,
          signal,
          { method: 'POST', url: url.href, body },
          ({ id, message, retry_after }) => ({
            receipt: id,
            reason: message,
            // In seconds with a fraction; the header is rounded.
            afterMs: Number(retry_after) * 1000,
          }),
        )
      },
    }
  },
}

// Slack, through an incoming webhook (https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks).
// Whoever knows its address can post: it is a secret, and a file.
import { defuse, shorten } from '../model/text.ts'
import { call } from './api.ts'
import type { NotifierKind } from './notifier.ts'
import { secretAddress } from './secret-address.ts'

interface Options {
  click?: string
}

/** Slack cuts at 40,000, and asks for less. */
const TEXT_MAX = 4000

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' }
const escaped = (text: string) => text.replaceAll(/[&<>]/g, (sign) => ENTITIES[sign] ?? sign)

export const slack: NotifierKind<Options> = {
  type: 'slack',
  schema: {
    required: ['url_file'],
    properties: {
      url_file: { type: 'string', format: 'path' },
      click: { type: 'string', format: 'link' },
    },
  },
  example: `
type = "slack"
url_file = "/etc/pam-alert/secrets/slack-url"  # https://hooks.slack.com/services/...
click = "https://wiki.example/logins"   # a link behind the text
`,
  create({ click }, dependencies) {
    const url = secretAddress(dependencies)
    const link = click === undefined ? '' : ` <${escaped(click)}|Open>`
    return {
      send(alert, { signal }) {
        const text = `${escaped(shorten(defuse(alert.text), TEXT_MAX))}${link}`
        const body = { text, mrkdwn: false, unfurl_links: false, unfurl_media: false }
        // It answers in plain text: ok, or the name of what is wrong.
        return call(dependencies, signal, { method: 'POST', url, body }, (_, said) => ({
          receipt: said === 'ok' ? said : undefined,
          reason: /^[a-z_]+$/.test(said) ? said : undefined,
        }))
      },
    }
  },
}

// Telegram, through a bot (https://core.telegram.org/bots/api#sendmessage). The bot's token is part of
// the address: no address is ever logged.
import { defuse, shorten } from '../model/text.ts'
import { call } from './api.ts'
import type { NotifierKind } from './notifier.ts'

interface Options {
  chat: string
  thread?: number
  click?: string
}

const TEXT_MAX = 4096

/** Telegram answers 400 also where the bot was thrown out, or the group has moved or closed. */
const NOT_THE_ALERT = /chat not found|upgraded to a supergroup|rights|thread not found|TOPIC_/

interface Answer {
  result: { message_id?: unknown } | null
  description: unknown
  parameters: { retry_after?: unknown } | null
}

export const telegram: NotifierKind<Options> = {
  type: 'telegram',
  schema: {
    required: ['chat', 'token_file'],
    properties: {
      /** A number, negative for groups, or @name of a public channel. */
      chat: { type: 'string', pattern: '^(-?[0-9]{1,20}|@[A-Za-z0-9_]{4,32})$' },
      /** A topic of a group. */
      thread: { type: 'integer', minimum: 1 },
      token_file: { type: 'string', format: 'path' },
      click: { type: 'string', format: 'link' },
    },
  },
  example: `
type = "telegram"
chat = "-1001234567890"                 # of a person, a group or a channel; or "@channel"
token_file = "/etc/pam-alert/secrets/telegram-token"  # of your bot, from @BotFather
click = "https://wiki.example/logins"   # a button below the message
`,
  create({ chat, thread, click }, dependencies) {
    const token = dependencies.secrets.token?.reveal() ?? ''
    if (!/^\d+:[\w-]{20,}$/.test(token)) throw new Error('token_file must hold a bot token such as 123456:ABC-DEF…')
    const url = `https://api.telegram.org/bot${token}/sendMessage`
    const button = click === undefined ? undefined : { inline_keyboard: [[{ text: 'Open', url: click }]] }
    return {
      send(alert, { signal }) {
        const body = {
          chat_id: chat,
          message_thread_id: thread,
          text: shorten(defuse(alert.text), TEXT_MAX),
          disable_notification: alert.priority < 0,
          link_preview_options: { is_disabled: true },
          reply_markup: button,
        }
        return call<Answer>(
          dependencies,
          signal,
          { method: 'POST', url, body },
          ({ result, description, parameters }) => ({
            receipt: result?.message_id,
            reason: description,
            afterMs: Number(parameters?.retry_after) * 1000,
            pause: NOT_THE_ALERT.test(String(description)),
          }),
        )
      },
    }
  },
}

// Telegram's sendMessage as https://core.telegram.org/bots/api has it. Written apart from our code.
import { createJsonApi } from './json-api.ts'

export const TELEGRAM = { chat: '-1001234567890', token: '123456:ABC-DEF1234ghIkl-zyx57W2v1u123ew11' } as const

export const createTelegramApi = () =>
  createJsonApi(
    ({ method, path }, { chat_id, text, disable_notification, reply_markup }) => {
      const no = (error_code: number, description: string) => ({
        status: error_code,
        body: { ok: false, error_code, description },
      })
      if (path !== `/bot${TELEGRAM.token}/sendMessage`) return no(404, 'Not Found')
      if (method !== 'POST') return no(405, 'Method Not Allowed')
      if (chat_id !== TELEGRAM.chat) return no(400, 'Bad Request: chat not found')
      if (typeof text !== 'string' || text === '') return no(400, 'Bad Request: message text is empty')
      if (text.length > 4096) return no(400, 'Bad Request: message is too long')
      if (typeof disable_notification !== 'boolean') return no(400, "Bad Request: can't parse disable_notification")
      const { inline_keyboard = [] } = (reply_markup ?? {}) as { inline_keyboard?: { text?: string; url?: string }[][] }
      if (inline_keyboard.flat().some(({ text, url }) => !text || !URL.canParse(url ?? '')))
        return no(400, 'Bad Request: inline keyboard button URL is invalid')
      return null
    },
    ({ text }, message_id) => ({ status: 200, body: { ok: true, result: { message_id, date: 1795185516, text } } }),
  )

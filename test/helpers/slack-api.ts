// Slack's incoming webhooks as https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
// has them, with the errors of its changelog. Written apart from our code.
import { createJsonApi } from './json-api.ts'

/** In parts, so that it looks like nobody's. */
const PATH = ['/services', 'T00000000', 'B00000000', 'X'.repeat(24)].join('/')
export const SLACK_URL = `https://hooks.slack.com${PATH}`

export const createSlackApi = () =>
  createJsonApi(
    ({ method, path }, { text }) => {
      if (path !== PATH) return { status: 404, body: 'no_service' }
      if (method !== 'POST' || typeof text !== 'string') return { status: 400, body: 'invalid_payload' }
      if (text === '') return { status: 400, body: 'no_text' }
      // Every < must open a link of Slack's own, every & an entity.
      if (/&(?!amp;|lt;|gt;)|<(?!https?:\/\/[^<>|]+\|[^<>]+>)/.test(text))
        return { status: 400, body: 'invalid_payload' }
      return null
    },
    () => ({ status: 200, body: 'ok', headers: { 'content-type': 'text/html' } }),
  )

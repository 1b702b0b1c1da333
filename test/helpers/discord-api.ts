// Discord's "Execute Webhook" as https://discord.com/developers/docs/resources/webhook has it. Written
// apart from our code.
import { createJsonApi } from './json-api.ts'

/** In parts, so that it looks like nobody's. */
const PATH = ['/api/webhooks', '1098765432109876543', 'x'.repeat(68)].join('/')
export const DISCORD_URL = `https://discord.com${PATH}`

/** Only these two may be set by a webhook. */
const FLAGS = (1 << 2) | (1 << 12)

export const createDiscordApi = () =>
  createJsonApi(
    ({ method, path }, { content, flags, allowed_mentions }) => {
      const no = (status: number, code: number, message: string) => ({ status, body: { message, code } })
      const [resource, query] = path.split('?')
      if (resource !== PATH) return no(404, 10015, 'Unknown Webhook')
      if (method !== 'POST') return no(405, 0, '405: Method Not Allowed')
      if (query !== 'wait=true') return { status: 204, body: '' }
      if (typeof content !== 'string' || content === '') return no(400, 50006, 'Cannot send an empty message')
      if (content.length > 2000) return no(400, 50035, 'Invalid Form Body')
      if (Number(flags) & ~FLAGS) return no(400, 50035, 'Invalid Form Body')
      if (allowed_mentions === undefined && /@(everyone|here)/.test(content))
        return no(400, 0, 'this would ping everyone')
      return null
    },
    ({ content }, n) => ({ status: 200, body: { id: `10000000000000000${n}`, type: 0, content } }),
  )

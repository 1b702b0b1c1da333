// ntfy (https://docs.ntfy.sh/publish/#publish-as-json), on ntfy.sh or a server of one's own.
import { createHash } from 'node:crypto'
import type { Alert } from '../model/alert.ts'
import { defuse, shorten } from '../model/text.ts'
import { call } from './api.ts'
import type { NotifierKind } from './notifier.ts'

interface Options {
  url?: string
  topic: string
  click?: string
}

const TITLE_MAX = 250
/** 4096 bytes; a UTF-16 unit takes three at most. What is longer becomes an attachment. */
const MESSAGE_MAX = 1365

/** Shown as emoji. */
const tagOf = ({ record }: Alert) => (record === null ? 'gear' : record.outcome === 'failure' ? 'no_entry' : 'key')

/**
 * A message with the sequence id of an earlier one replaces it: itself where it is sent again, and the last
 * count of its group. A login of which nobody else tells is never replaced.
 */
const sequenceOf = ({ group, count }: Alert, key: string) =>
  createHash('sha256')
    .update(count > 1 && group !== null ? group : key)
    .digest('base64url')

export const ntfy: NotifierKind<Options> = {
  type: 'ntfy',
  schema: {
    required: ['topic'],
    properties: {
      url: { type: 'string', format: 'endpoint' },
      topic: { type: 'string', pattern: '^[-_A-Za-z0-9]{1,64}$' },
      /** An access token, where the topic wants one. */
      token_file: { type: 'string', format: 'path' },
      click: { type: 'string', format: 'link' },
    },
  },
  example: `
type = "ntfy"
url = "https://ntfy.example"            # a server of your own; without it ntfy.sh
topic = "logins-7fQ2xk"                 # on ntfy.sh whoever knows the name can read along
token_file = "/etc/pam-alert/secrets/ntfy-token"  # if the topic wants one
click = "https://wiki.example/logins"   # opens when the notification is tapped
`,
  create({ url = 'https://ntfy.sh', topic, click }, dependencies) {
    const token = dependencies.secrets.token?.reveal()
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
    return {
      send(alert, { key, signal }) {
        const body = {
          topic,
          title: shorten(defuse(alert.title), TITLE_MAX),
          message: shorten(defuse(alert.text), MESSAGE_MAX),
          priority: alert.priority + 3,
          tags: [tagOf(alert)],
          sequence_id: sequenceOf(alert, key),
          click,
        }
        return call<{ id: unknown; error: unknown }>(
          dependencies,
          signal,
          { method: 'POST', url, headers, body },
          ({ id, error }) => ({ receipt: id, reason: error }),
        )
      },
    }
  },
}

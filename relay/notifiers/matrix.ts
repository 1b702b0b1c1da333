// Matrix: a message to a room (https://spec.matrix.org/latest/client-server-api/#put_matrixclientv3roomsroomidsendeventtypetxnid).
// It encrypts nothing: in an encrypted room its messages are marked as such.
import { defuse, shorten } from '../model/text.ts'
import { call } from './api.ts'
import type { NotifierKind } from './notifier.ts'

interface Options {
  url: string
  room: string
  click?: string
}

/** An event may have 65,536 bytes; a UTF-16 unit takes three at most. */
const BODY_MAX = 16_384

export const matrix: NotifierKind<Options> = {
  type: 'matrix',
  schema: {
    required: ['url', 'room', 'token_file'],
    properties: {
      /** The homeserver's, as in its .well-known/matrix/client. */
      url: { type: 'string', format: 'endpoint' },
      /** Its id, not an alias. */
      room: { type: 'string', pattern: '^![^\\s/]{1,254}$' },
      token_file: { type: 'string', format: 'path' },
      click: { type: 'string', format: 'link' },
    },
  },
  example: `
type = "matrix"
url = "https://matrix.example"
room = "!OGEhHVWSdvArJzumhm:matrix.example"  # its id, from the room's settings
token_file = "/etc/pam-alert/secrets/matrix-token"  # of an account that is in the room
click = "https://wiki.example/logins"   # a link behind the text
`,
  create({ url, room, click }, dependencies) {
    const headers = { authorization: `Bearer ${dependencies.secrets.token?.reveal() ?? ''}` }
    const endpoint = `${url.replace(/\/+$/, '')}/_matrix/client/v3/rooms/${encodeURIComponent(room)}/send/m.room.message`
    const link = click === undefined ? '' : ` ${click}`
    return {
      send(alert, { key, signal }) {
        const body = {
          // By the usual push rules a notice rings nowhere.
          msgtype: alert.priority < 0 ? 'm.notice' : 'm.text',
          body: `${shorten(defuse(alert.text), BODY_MAX)}${link}`,
          'm.mentions': alert.priority > 0 ? { room: true } : {},
        }
        // The homeserver knows a transaction id again: an alert that is sent twice is there once.
        const to = `${endpoint}/${encodeURIComponent(key)}`
        return call<{ event_id: unknown; error: unknown; retry_after_ms: unknown }>(
          dependencies,
          signal,
          { method: 'PUT', url: to, headers, body },
          ({ event_id, error, retry_after_ms }) => ({ receipt: event_id, reason: error, afterMs: retry_after_ms }),
        )
      },
    }
  },
}

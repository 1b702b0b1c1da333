// A Matrix homeserver, for sending to a room, as https://spec.matrix.org/latest/client-server-api/ has
// it. Written apart from our code.
import { createJsonApi, type JsonApi } from './json-api.ts'

export const MATRIX = { room: '!OGEhHVWSdvArJzumhm:matrix.example', token: 'syt_cGFtLWFsZXJ0_QsdfGHJK_0abcDE' } as const

const SEND = /^\/_matrix\/client\/v3\/rooms\/([^/]+)\/send\/m\.room\.message\/([^/]+)$/

/** `events` is what the room shows: one per transaction id. */
export function createMatrixApi(): JsonApi & { events: Map<string, unknown> } {
  const events = new Map<string, unknown>()
  let transaction = ''
  const api = createJsonApi(
    ({ method, path, headers, body: { length } }, { msgtype, body }) => {
      const no = (status: number, errcode: string, error: string) => ({ status, body: { errcode, error } })
      const [, room = '', id = ''] = (SEND.exec(path) ?? []).map(decodeURIComponent)
      if (headers.authorization !== `Bearer ${MATRIX.token}`)
        return no(401, 'M_UNKNOWN_TOKEN', 'Unrecognised access token')
      if (method !== 'PUT' || id === '') return no(404, 'M_UNRECOGNIZED', 'Unrecognized request')
      if (room !== MATRIX.room) return no(403, 'M_FORBIDDEN', `User not in room ${room}`)
      if (length > 65_536) return no(413, 'M_TOO_LARGE', 'event too large')
      if (!['m.text', 'm.notice'].includes(String(msgtype)) || typeof body !== 'string')
        return no(400, 'M_BAD_JSON', 'no body')
      transaction = id
      return null
    },
    (body) => {
      if (!events.has(transaction)) events.set(transaction, body)
      return { status: 200, body: { event_id: `$event-${[...events.keys()].indexOf(transaction) + 1}` } }
    },
  )
  return { ...api, events }
}

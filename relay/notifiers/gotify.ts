// Gotify (https://gotify.net/api-docs): one message to one application of one's own server.
import { defuse, shorten } from '../model/text.ts'
import { call } from './api.ts'
import type { NotifierKind } from './notifier.ts'

interface Options {
  url: string
  click?: string
}

const TITLE_MAX = 250
const MESSAGE_MAX = 4096

/** From -2 to 2. Its apps keep quiet up to 3, make a sound from 4, and pop up from 8. */
const PRIORITIES = [0, 2, 5, 8, 10]

export const gotify: NotifierKind<Options> = {
  type: 'gotify',
  schema: {
    required: ['url', 'token_file'],
    properties: {
      url: { type: 'string', format: 'endpoint' },
      /** Of an application, not of a client. */
      token_file: { type: 'string', format: 'path' },
      click: { type: 'string', format: 'link' },
    },
  },
  example: `
type = "gotify"
url = "https://gotify.example"
token_file = "/etc/pam-alert/secrets/gotify-token"  # of an application
click = "https://wiki.example/logins"
`,
  create({ url, click }, dependencies) {
    const headers = { 'x-gotify-key': dependencies.secrets.token?.reveal() ?? '' }
    const endpoint = `${url.replace(/\/+$/, '')}/message`
    const onClick = click === undefined ? {} : { 'client::notification': { click: { url: click } } }
    return {
      send(alert, { signal }) {
        const body = {
          title: shorten(defuse(alert.title), TITLE_MAX),
          message: shorten(defuse(alert.text), MESSAGE_MAX),
          priority: PRIORITIES[alert.priority + 2],
          extras: { 'client::display': { contentType: 'text/plain' }, ...onClick },
        }
        return call<{ id: unknown; errorDescription: unknown }>(
          dependencies,
          signal,
          { method: 'POST', url: endpoint, headers, body },
          ({ id, errorDescription }) => ({ receipt: id, reason: errorDescription }),
        )
      },
    }
  },
}

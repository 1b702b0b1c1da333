// Gotify's message API as its https://gotify.net/api-docs and https://gotify.net/docs/msgextras have it.
// Written apart from our code.
import { createJsonApi } from './json-api.ts'

export const GOTIFY_TOKEN = 'AGsjYfzOq0MSr1a'

export const createGotifyApi = () =>
  createJsonApi(
    ({ method, path, headers }, { message, priority, extras }) => {
      const no = (errorCode: number, error: string, errorDescription: string) => ({
        status: errorCode,
        body: { error, errorCode, errorDescription },
      })
      if (method !== 'POST' || path !== '/message') return no(404, 'Not Found', 'page not found')
      if (headers['x-gotify-key'] !== GOTIFY_TOKEN)
        return no(
          401,
          'Unauthorized',
          'you need to provide a valid access token or user credentials to access this api',
        )
      if (typeof message !== 'string' || message === '') return no(400, 'Bad Request', "Field 'message' is required")
      if (!Number.isInteger(priority)) return no(400, 'Bad Request', 'json: cannot unmarshal priority')
      // Extras stand in namespaces: top::sub.
      if (Object.keys(extras as object).some((name) => !/^[a-z]+::[a-z]+$/.test(name)))
        return no(400, 'Bad Request', 'extras')
      return null
    },
    (body, id) => ({ status: 200, body: { id, appid: 5, date: '2026-11-20T14:38:36Z', ...body } }),
  )

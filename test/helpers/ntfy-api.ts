// ntfy's JSON publishing as https://docs.ntfy.sh/publish/ has it. Written apart from our code.
import { createJsonApi } from './json-api.ts'

export const NTFY = { topic: 'logins-7fQ2xk', token: 'tk_AgQdq7mVBoFD37zQVN29RhuMzNIz2' } as const

const isUrl = (value: unknown) => value === undefined || URL.canParse(String(value))

export const createNtfyApi = () =>
  createJsonApi(
    ({ method, path, headers }, { topic, message, title, priority, tags, click, sequence_id }) => {
      const no = (http: number, code: number, error: string) => ({ status: http, body: { code, http, error } })
      if (method !== 'POST' || path !== '/') return no(404, 40401, 'page not found')
      if (headers.authorization !== `Bearer ${NTFY.token}`) return no(401, 40101, 'unauthorized')
      if (topic !== NTFY.topic) return no(400, 40009, 'invalid request: topic invalid')
      if (typeof message !== 'string' || Buffer.byteLength(message) > 4096)
        return no(413, 41301, 'attachment too large, or bandwidth limit reached')
      if (typeof title !== 'string') return no(400, 40024, 'invalid request: request body must be message JSON')
      if (![1, 2, 3, 4, 5].includes(Number(priority))) return no(400, 40007, 'invalid priority parameter')
      if (!Array.isArray(tags) || !isUrl(click)) return no(400, 40024, 'request body must be message JSON')
      if (!/^[-_A-Za-z0-9]{1,64}$/.test(String(sequence_id)))
        return no(400, 40049, 'invalid request: sequence ID invalid')
      return null
    },
    (body, n) => ({ status: 200, body: { id: `id${n}`, time: 1795185516, event: 'message', ...body } }),
  )

// Monitis' custom monitor API as https://api.monitis.com/api/api.html and apiInfo.html have it: it
// checks the checksum itself. Written apart from our code.
import { createHmac } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import type { Received } from './receiver.ts'

export const MONITIS_KEYS = { apikey: '11ETMVREQT1RP3AMHDPI2ANHT6', secretkey: '5E8T2DJPQE3IV9RC2KHUJS6N1A' } as const

/** name:value;name:value, where names and values are percent-encoded. */
export const readList = (text: string): string[][] =>
  text.split(';').map((entry) => entry.split(':').map(decodeURIComponent))

function checksumOf(parameters: URLSearchParams): string {
  const names = [...parameters.keys()].filter((name) => name !== 'checksum').sort()
  const text = names.map((name) => `${name}${parameters.get(name)}`).join('')
  return createHmac('sha1', MONITIS_KEYS.secretkey).update(text, 'utf8').digest('base64')
}

/** In words; null: it may. */
function forbids(parameters: URLSearchParams, signed: boolean): string | null {
  if (parameters.get('apikey') !== MONITIS_KEYS.apikey) return 'Invalid API key'
  if (parameters.get('version') !== '2' || parameters.get('output') !== 'JSON') return 'Invalid version or output'
  if (!signed) return null
  if (parameters.get('validation') !== 'HMACSHA1') return 'Invalid validation'
  const [, day, time] = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)$/.exec(parameters.get('timestamp') ?? '') ?? []
  if (!(Math.abs(Date.parse(`${day}T${time}Z`) - Date.now()) < 300_000)) return 'Invalid timestamp'
  return parameters.get('checksum') === checksumOf(parameters) ? null : 'Invalid checksum'
}

interface Monitor {
  id: number
  name: string
  tag: string
  metrics: string[]
}

export interface MonitisApi {
  monitors: Monitor[]
  results: { monitor: number; checktime: number; values: Record<string, string> }[]
  respond(request: Received, response: ServerResponse): void
}

export function createMonitisApi(): MonitisApi {
  const api: MonitisApi = { monitors: [], results: [], respond }

  function addMonitor(parameters: URLSearchParams): object {
    const metrics = readList(parameters.get('resultParams') ?? '')
    // name:displayName:uom:dataType, where 1 to 4 are boolean, integer, string, float
    if (metrics.some((metric) => metric.length !== 4 || !/^[1-4]$/.test(metric[3] ?? '')))
      return { status: 'Invalid resultParams' }
    const [name, tag] = [parameters.get('name'), parameters.get('tag')]
    if (!name || !tag) return { status: 'Required parameter is missing' }
    const monitor = { id: 922 + api.monitors.length, name, tag, metrics: metrics.map(([metric = '']) => metric) }
    api.monitors.push(monitor)
    return { status: 'ok', data: monitor.id }
  }

  function addResult(parameters: URLSearchParams): object {
    const monitor = api.monitors.find(({ id }) => String(id) === parameters.get('monitorId'))
    if (!monitor) return { status: 'Invalid monitorId' }
    const values = readList(parameters.get('results') ?? '')
    if (values.some((value) => value.length !== 2 || !monitor.metrics.includes(value[0] ?? '')))
      return { status: 'Invalid results' }
    if (!/^\d{13}$/.test(parameters.get('checktime') ?? '')) return { status: 'Invalid checktime' }
    api.results.push({
      monitor: monitor.id,
      checktime: Number(parameters.get('checktime')),
      values: Object.fromEntries(values),
    })
    return { status: 'ok', data: null }
  }

  function answerTo({ method, path, headers, body }: Received): object {
    const query = new URL(path, 'http://monitis').searchParams
    const form = headers['content-type'] === 'application/x-www-form-urlencoded'
    const parameters = method === 'POST' && form ? new URLSearchParams(body.toString()) : query
    const why = forbids(parameters, method === 'POST')
    if (why !== null) return { error: why, errorCode: 4 }
    const action = parameters.get('action')
    if (method === 'GET' && action === 'getMonitors')
      return api.monitors
        .filter(({ tag }) => tag === parameters.get('tag'))
        .map(({ id, name, tag }) => ({ id: String(id), name, tag }))
    if (method === 'POST' && action === 'addMonitor') return addMonitor(parameters)
    if (method === 'POST' && action === 'addResult') return addResult(parameters)
    return { error: 'Invalid action', errorCode: 1 }
  }

  /** Whatever is wrong, the status is 200. */
  function respond(request: Received, response: ServerResponse) {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answerTo(request)))
  }
  return api
}

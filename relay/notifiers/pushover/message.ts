// An alert as Pushover's message: https://pushover.net/api. What does not fit is shortened.
import type { Alert, Priority } from '../../model/alert.ts'
import { durationMs } from '../../model/quantity.ts'
import { defuse, shorten } from '../../model/text.ts'

export interface Look {
  device?: string | string[]
  sound?: string
  min_priority?: Priority
  max_priority?: Priority
  style?: 'html' | 'monospace'
  url?: string
  url_title?: string
  ttl?: string
  retry?: string
  expire?: string
}

const TITLE_MAX = 250
const MESSAGE_MAX = 1024
/** Seconds between which priority 2 rings again, and after which it gives up. */
const RETRY_MIN_S = 30
const EXPIRE_MAX_S = 10_800

const seconds = (duration: string) => Math.round(durationMs(duration) / 1000)

const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

/** Who it is about stands out. */
function inHtml(text: string, user: string | null): string {
  const name = user !== null && user !== '' && text.startsWith(user) ? user : ''
  return `${name === '' ? '' : `<b>${escaped(name)}</b>`}${escaped(text.slice(name.length))}`
}

/** Shorter until it fits with its marks. */
function fitted(text: string, mark: (text: string) => string): string {
  for (let max = MESSAGE_MAX; ; ) {
    const marked = mark(shorten(text, max))
    if (marked.length <= MESSAGE_MAX) return marked
    max -= Math.ceil((marked.length - MESSAGE_MAX) / '&amp;'.length)
  }
}

/** @throws Error where Pushover would refuse every message */
export function createMessages(look: Look) {
  const { device, sound, min_priority = -2, max_priority = 2, style, url, url_title } = look
  const [retry, expire] = [seconds(look.retry ?? '1m'), seconds(look.expire ?? '1h')]
  if (min_priority > max_priority) throw new Error('min_priority is above max_priority')
  if (retry < RETRY_MIN_S) throw new Error('retry must be 30s or longer')
  if (expire > EXPIRE_MAX_S) throw new Error('expire must be 3h or shorter')
  const same = {
    ...(device !== undefined && { device: [device].flat().join(',') }),
    ...(sound !== undefined && { sound }),
    ...(url !== undefined && { url }),
    ...(url_title !== undefined && { url_title }),
    ...(style === 'html' && { html: '1' }),
    ...(style === 'monospace' && { monospace: '1' }),
    ...(look.ttl !== undefined && { ttl: String(Math.max(1, seconds(look.ttl))) }),
  }

  return (alert: Alert): Record<string, string> => {
    const priority = Math.min(Math.max(alert.priority, min_priority), max_priority)
    const text = defuse(alert.text)
    const user = alert.record?.user == null ? null : defuse(alert.record.user)
    return {
      title: shorten(defuse(alert.title), TITLE_MAX),
      message: fitted(text, (part) => (style === 'html' ? inHtml(part, user) : part)),
      ...same,
      ...(priority !== 0 && { priority: String(priority) }),
      ...(priority === 2 && { retry: String(retry), expire: String(expire) }),
      // Last, and with the line end that the library leaves out before the closing boundary.
      timestamp: `${Math.floor(Date.parse(alert.time) / 1000)}\r\n`,
    }
  }
}

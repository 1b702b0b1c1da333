// Where a route sends an event.

import type { Priority } from './alert.ts'

export interface Target {
  notifier: string
  priority: Priority
  /** Events with the same key are told as one; null: each is a message of its own. */
  group: { key: string; intervalMs: number } | null
}

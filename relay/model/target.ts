// Where a route sends an event.

import type { Priority } from './alert.ts'

/** Events with the same key are told as one. */
export interface TargetGroup {
  key: string
  /** The first leaves at once; the others are told after this, and ever more rarely while it goes on. */
  intervalMs: number
  /** Why not even the first leaves, but all of them after `intervalMs`; null: it does. */
  held: string | null
}

export interface Target {
  notifier: string
  priority: Priority
  /** null: a message of its own. */
  group: TargetGroup | null
}

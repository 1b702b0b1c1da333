// Where a route sends an event.

export interface Target {
  notifier: string
  /** Events with the same key are told as one; null: each is a message of its own. */
  group: { key: string; intervalMs: number } | null
}

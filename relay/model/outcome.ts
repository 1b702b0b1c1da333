// How an attempt to deliver ended. Expected results are values; a notifier that throws has a bug.

export type Outcome =
  | { kind: 'delivered'; receipt?: string }
  /** Try again: after `afterMs` if the service said when; `pause` if it lets nothing of ours in. */
  | { kind: 'retry'; reason: string; afterMs?: number; pause?: boolean }
  /** This alert will never be taken: dead letter. */
  | { kind: 'refused'; reason: string }

export const delivered = (receipt?: string): Outcome =>
  receipt === undefined ? { kind: 'delivered' } : { kind: 'delivered', receipt }

export const retry = (reason: string, more: { afterMs?: number; pause?: boolean } = {}): Outcome => ({
  kind: 'retry',
  reason,
  ...more,
})

export const refused = (reason: string): Outcome => ({
  kind: 'refused',
  reason,
})

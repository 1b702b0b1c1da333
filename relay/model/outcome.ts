// How an attempt to deliver ended. Expected results are values; a notifier that throws has a bug.

/** What a service says of its own limits. */
export interface Quota {
  /** Which of them, in words: 15 minutes, month … */
  name: string
  messages: number
  remaining: number
  /** Milliseconds from now until it starts anew. */
  resetInMs: number
}

export type Outcome =
  /** `rings`: the service goes on until somebody answers; by this name it can be asked who did. */
  (
    | { kind: 'delivered'; receipt?: string; rings?: string }
    /** A part of it was taken; the next one is asked for at once. */
    | { kind: 'partly' }
    /** Try again: after `afterMs` if the service said when; `pause` if it lets nothing of ours in. */
    | { kind: 'retry'; reason: string; afterMs?: number; pause?: boolean }
    /** This alert will never be taken: dead letter. */
    | { kind: 'refused'; reason: string }
  ) & { quotas?: readonly Quota[] }

/** Of the whole alert. */
export type Settled = Exclude<Outcome, { kind: 'partly' }>

export const delivered = (receipt?: string): Settled =>
  receipt === undefined ? { kind: 'delivered' } : { kind: 'delivered', receipt }

export const partly = (): Outcome => ({ kind: 'partly' })

export const retry = (reason: string, more: { afterMs?: number; pause?: boolean } = {}): Settled => ({
  kind: 'retry',
  reason,
  ...more,
})

export const refused = (reason: string): Settled => ({
  kind: 'refused',
  reason,
})

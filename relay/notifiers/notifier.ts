// The contract of a notifier: one alert, one attempt, one outcome. It never logs, counts, retries,
// sleeps or reads files; the delivery stage does.
import type { Alert } from '../model/alert.ts'
import type { KindSchema } from '../model/config/notifiers.ts'
import type { Outcome } from '../model/outcome.ts'
import type { Secret } from '../model/secret.ts'
import type { Network } from './http.ts'

export interface Attempt {
  /** The same for every attempt to deliver this alert here: the receiver's idempotency key. */
  key: string
  /** Attempts before this one. Any of them may have got through without our hearing of it. */
  earlier: number
  /** Parts of it that were taken; each attempt sends one. 0 where an alert goes whole. */
  part: number
  /** Aborted at the attempt's deadline; every socket must end with it. */
  signal: AbortSignal
}

/** What became of a message that rings until somebody answers. */
export type Ring = { state: 'ringing' | 'expired' } | { state: 'acknowledged'; by: string; at: string }

export interface Notifier {
  /** Expected failures are outcomes; what is thrown is a bug, logged, and tried again. */
  send(alert: Alert, attempt: Attempt): Promise<Outcome>
  /** Where the service rings until somebody answers. */
  rings?: {
    /** Asks once. null: no answer, or one that says nothing. */
    ask(receipt: string, signal: AbortSignal): Promise<Ring | null>
    /** @returns whether it rings no more */
    cancel(receipt: string, signal: AbortSignal): Promise<boolean>
  }
}

export interface Dependencies {
  /** By option: what the file named by `token_file` holds is `secrets.token`. */
  secrets: Readonly<Record<string, Secret>>
  network: Network
  /** Ed25519 with the host's key. */
  sign(data: string): Buffer
  /** Wall clock in milliseconds. */
  now(): number
}

/** O: the options of its table in the configuration, as its schema lets them through. */
export interface NotifierKind<O = never> {
  type: string
  schema: KindSchema
  /** A table of the configuration that works; it must pass the schema and appears in `config example`. */
  example: string
  /** @throws Error with a message for the operator where the options can't work */
  create(options: O, dependencies: Dependencies): Notifier
}

// What an event is, for counting: fewer kinds than PAM has types and services.
import type { EventRecord } from './event.ts'
import { askerOf } from './facts.ts'
import type { Meaning } from './meaning.ts'

export type Kind = 'login' | 'change' | 'refused' | 'locked_out' | 'password' | 'logout' | 'log'

export function kindOf(record: EventRecord, meaning: Meaning): Kind {
  switch (record.type) {
    case 'auth':
      return 'refused'
    case 'account':
      return 'locked_out'
    case 'password':
      return 'password'
    case 'open_session':
      return askerOf(record, meaning.source) === null ? 'login' : 'change'
    case 'close_session':
      return 'logout'
    case 'log':
      return 'log'
  }
}

/** Where it came from; null: from the machine itself. */
export const sourceOf = ({ source }: Meaning): string | null => source?.name ?? source?.address ?? null

/** For how many it stands: a line of a log may tell of several, and what was told of already isn't counted again. */
export const timesOf = ({ log }: EventRecord, { tells }: Meaning): number => tells ?? log?.count ?? 1

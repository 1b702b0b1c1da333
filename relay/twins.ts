// One attempt, many witnesses: PAM's hook, pam_unix and sshd each tell of the same refused password.
// Whoever tells first is heard; the others, in whatever order, are linked to it. It holds up nobody.
import type { Attempt, Twins } from './db/twins.ts'
import type { EventRecord } from './model/event.ts'
import type { Meaning } from './model/meaning.ts'

/** A connection's log may end two minutes after its first line: sshd_config(5), LoginGraceTime. */
const SAME_PROCESS_MS = 120_000
/** Different processes speak of one attempt: delays of pam_unix, of the log, of a clock in whole seconds. */
const NEAR_MS = 10_000
const FORGET_MS = 2 * SAME_PROCESS_MS
/** A line that says "repeated 999 times" makes no more rows than that. */
const ROWS_MAX = 100

type Told = Omit<Attempt, 'id' | 'witnesses'> & { witness: string }

/** Methods as far as they tell attempts apart; a password is what PAM is asked for. */
function methodOf({ type, log }: EventRecord, { method }: Meaning): Attempt['method'] {
  if (method === 'publickey' || method === 'hostbased') return 'key'
  if (method === 'password' || method?.startsWith('keyboard-interactive')) return 'password'
  return log === undefined && type === 'auth' ? 'password' : null
}

function toldBy(record: EventRecord, meaning: Meaning): Told {
  const { seq, service, type, outcome, time, pid, user } = record
  return {
    seq,
    // "su -" is su-l to PAM, and su to the log.
    kind: `${service.replace(/-[il]$/, '')} ${type} ${outcome}`,
    atMs: Date.parse(time),
    pid,
    user,
    source: meaning.source === null ? record.ruser || null : (meaning.source.address ?? meaning.source.name),
    method: methodOf(record, meaning),
    witness: witnessOf(record),
  }
}

/** sshd has a process of its own ask PAM where PAM may ask back; all else of an attempt is one process. */
const ASKED_PAM = '+pam'

function witnessOf({ log }: EventRecord): string {
  if (log === undefined) return 'hook'
  return log.witness + (log.fields.method?.startsWith('keyboard-interactive') ? ASKED_PAM : '')
}

const isPam = (witness: string) => witness === 'hook' || witness.startsWith('pam_')
const askedPam = (witness: string) => witness.endsWith(ASKED_PAM)

/** Whether two processes can have told of one attempt: a wrong one here would keep an alert back. */
function mayDiffer({ pid, kind, witnesses }: Attempt, told: Told): boolean {
  if (pid === 0 || told.pid === 0 || kind.endsWith(' close_session success')) return true
  return (
    (askedPam(told.witness) && witnesses.every((one) => isPam(one) || askedPam(one))) ||
    (isPam(told.witness) && witnesses.some(askedPam))
  )
}

const agree = (a: string | null, b: string | null) => a === null || b === null || a === b
const samePid = (a: Attempt, b: Told) => a.pid !== 0 && a.pid === b.pid

/** Anybody may write a line that looks like another's; a login that PAM tells of is only kept back if all was said. */
const saysNews = (attempt: Attempt, told: Told) =>
  told.witness === 'hook' &&
  told.kind.endsWith(' open_session success') &&
  (attempt.user !== told.user || attempt.source !== told.source)

function same(attempt: Attempt, told: Told): boolean {
  const apart = Math.abs(attempt.atMs - told.atMs)
  return (
    !attempt.witnesses.includes(told.witness) &&
    agree(attempt.method, told.method) &&
    agree(attempt.user, told.user) &&
    !saysNews(attempt, told) &&
    (samePid(attempt, told)
      ? apart <= SAME_PROCESS_MS
      : mayDiffer(attempt, told) && apart <= NEAR_MS && agree(attempt.source, told.source))
  )
}

export function createTwinJudge(table: Twins) {
  /**
   * Called in the transaction that routes the event.
   * @returns for how many attempts this event is the first to speak, and if none, who did before
   */
  return function judge(record: EventRecord, meaning: Meaning): Pick<Meaning, 'tells' | 'same_as'> {
    // Only what opens, ends or fails is told of twice; a pattern of the operator's is its own.
    const count = record.log?.count ?? 1
    if (record.type === 'log') return { tells: count }
    const told = toldBy(record, meaning)
    table.forget(told.atMs - FORGET_MS)
    const known = table
      .near(told.kind, told.atMs - SAME_PROCESS_MS, told.atMs + SAME_PROCESS_MS)
      .filter((attempt) => same(attempt, told))
      .sort((a, b) => Number(samePid(b, told)) - Number(samePid(a, told)))
      .slice(0, count)
    for (const attempt of known)
      table.heard({
        ...attempt,
        user: attempt.user ?? told.user,
        source: attempt.source ?? told.source,
        method: attempt.method ?? told.method,
        witnesses: [...attempt.witnesses, told.witness],
      })
    const news = count - known.length
    for (let n = 0; n < Math.min(news, ROWS_MAX); n++) table.add({ ...told, witnesses: [told.witness] })
    const [first] = known
    return news === 0 && first !== undefined ? { tells: 0, same_as: first.seq } : { tells: news }
  }
}

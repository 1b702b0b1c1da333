// One readable line per alert to the journal, or to syslog where there is no journal.
import { spawn } from 'node:child_process'
import { delivered, type Outcome, retry } from '../model/outcome.ts'
import type { NotifierKind } from './notifier.ts'

/** authpriv.notice: where distributions keep what concerns logins, out of everybody's sight. */
const LEVEL = 5
const PRIORITY = 'authpriv.notice'

/** false: nobody took the line. Without --socket-errors=on, logger(1) would call that a success. */
function logger(line: string, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn('logger', ['--socket-errors=on', '-t', 'pam-alert', '-p', PRIORITY], {
      signal,
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    child.on('error', () => resolve(false))
    child.on('close', (status) => resolve(status === 0))
    child.stdin.on('error', () => resolve(false))
    child.stdin.end(`${line}\n`)
  })
}

export const journal: NotifierKind<Record<string, never>> = {
  type: 'journal',
  schema: { required: [], properties: {} },
  example: `
type = "journal"
`,
  create() {
    // Set by systemd where standard output is the journal, systemd.exec(5).
    const toJournal = process.env.JOURNAL_STREAM !== undefined
    const print = (line: string, receipt: string) =>
      new Promise<Outcome>((resolve) => {
        process.stdout.write(`${line}\n`, (error) => resolve(error ? retry(error.message) : delivered(receipt)))
      })
    return {
      async send(alert, { signal }) {
        if (toJournal) return print(`<${LEVEL}>${alert.text}`, 'journal')
        const logged = await logger(alert.text, signal)
        // A machine without any syslog still has the relay's own log.
        return logged ? delivered('syslog') : print(alert.text, 'the log of the relay')
      },
    }
  },
}

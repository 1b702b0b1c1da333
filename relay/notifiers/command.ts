// A program of the operator's, with the event as JSON on standard input. Nothing of an event is ever an
// argument, a variable or a word of a shell's: those are the operator's alone.
import { type ChildProcess, spawn } from 'node:child_process'
import { isAbsolute } from 'node:path'
import type { Readable } from 'node:stream'
import { delivered, type Outcome, refused, retry } from '../model/outcome.ts'
import type { NotifierKind } from './notifier.ts'
import { payload } from './payload.ts'
import { wordsOf } from './words.ts'

interface Options {
  argv: string[]
}

const ENVIRONMENT = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8' }
const OUTPUT_MAX_CHARS = 4096

/** sysexits.h: the input was bad, so it will be the next time. */
const EX_DATAERR = 65
/** It may not run, or is set up wrong, or cannot be run, or is not there: an operator's to mend. */
const NOT_AS_IT_IS = new Set([77, 78, 126, 127])

/** The first line of what comes; all of it is read, so that nobody waits for a full pipe. */
function firstLineOf(stream: Readable): () => string {
  let text = ''
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    if (text.length < OUTPUT_MAX_CHARS) text += chunk.slice(0, OUTPUT_MAX_CHARS)
  })
  return () => wordsOf(text.trimStart().split('\n', 1)[0], {})
}

/** With all that it has started and not sent away. */
function killGroup({ pid }: ChildProcess) {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch (error) {
    // Nothing is left of it, or only what has become somebody else.
    if (!['ESRCH', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
  }
}

function judge(status: number | null, signal: string | null, said: string, complained: string): Outcome {
  if (status === 0) return delivered(said === '' ? undefined : said)
  const words = complained || said
  const reason = `${status === null ? `killed by ${signal}` : `exit status ${status}`}${words && `: ${words}`}`
  if (status === EX_DATAERR) return refused(reason)
  return retry(reason, { pause: status !== null && NOT_AS_IT_IS.has(status) })
}

function run([program = '', ...args]: readonly string[], input: string, limit: AbortSignal): Promise<Outcome> {
  return new Promise((resolve) => {
    if (limit.aborted) return resolve(retry('the attempt ran out of time'))
    // A group of its own, so that its time limit is that of all that it starts.
    const child = spawn(program, args, { cwd: '/', env: ENVIRONMENT, detached: true })
    const said = firstLineOf(child.stdout)
    const complained = firstLineOf(child.stderr)
    const end = () => killGroup(child)
    limit.addEventListener('abort', end)
    child.on('error', ({ message }) => resolve(retry(message, { pause: true })))
    child.on('exit', () => {
      end()
      // What it said is in the pipes by now; whoever else holds them is not waited for.
      setImmediate(() => {
        child.stdout.destroy()
        child.stderr.destroy()
      })
    })
    child.on('close', (status, signal) => {
      limit.removeEventListener('abort', end)
      resolve(limit.aborted ? retry('the attempt ran out of time') : judge(status, signal, said(), complained()))
    })
    // It need not read it.
    child.stdin.on('error', () => {})
    child.stdin.end(input)
  })
}

export const command: NotifierKind<Options> = {
  type: 'command',
  schema: {
    required: ['argv'],
    properties: {
      argv: { type: 'array', items: { type: 'string', pattern: '^[^\\u0000]*$' }, minItems: 1 },
    },
  },
  example: `
type = "command"
argv = ["/usr/local/bin/on-login", "--quiet"]  # no shell; the event comes as JSON on standard input
`,
  create({ argv }) {
    if (!isAbsolute(argv[0] ?? '')) throw new Error('argv must begin with the absolute path of a program')
    return {
      send: (alert, { signal }) => run(argv, `${payload(alert)}\n`, signal),
    }
  },
}

// The command on a terminal of its own, script(1), and somebody who answers its questions.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { stripVTControlCharacters } from 'node:util'
import { COMMAND } from './relay.ts'

const quote = (word: string) => `'${word.replaceAll("'", "'\\''")}'`

/** @param answers question → what is typed once it stands there; in this order */
export async function converse(root: string, args: string[], answers: [question: RegExp, answer: string][]) {
  const line = [process.execPath, COMMAND, '--root', root, ...args].map(quote).join(' ')
  const child = spawn('script', ['-qec', line, '/dev/null'], { stdio: ['pipe', 'pipe', 'ignore'] })
  let shown = ''
  let read = 0
  const left = [...answers]
  child.stdout.on('data', (chunk) => {
    shown += chunk
    const question = left[0]?.[0].exec(shown.slice(read))
    if (!question) return
    read += question.index + question[0].length
    child.stdin.write(`${left.shift()?.[1]}\r`)
  })
  const [status] = await once(child, 'close')
  return { status: status as number | null, shown: stripVTControlCharacters(shown).replaceAll(/\r+\n/g, '\n') }
}

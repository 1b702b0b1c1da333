// What the command prints and asks. Colour only on a terminal; times in the machine's own zone.
import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { styleText } from 'node:util'
import { PamAlertError } from '../model/errors.ts'

type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow'

// Whoever reads may have read enough: head(1).
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit()
})

export function say(line = '') {
  process.stdout.write(`${line}\n`)
}

export function complain(line: string) {
  process.stderr.write(`${line}\n`)
}

/** Without colour where standard output is no terminal, or NO_COLOR is set. */
export function style(format: Style, text: string): string {
  return styleText(format, text, { stream: process.stdout })
}

/** As JSON, a line each: for machines. */
export function sayJson(value: unknown) {
  say(JSON.stringify(value))
}

/** true only for a typed yes; without a terminal nobody can answer. */
export async function confirm(question: string): Promise<boolean> {
  if (!process.stdin.isTTY) return false
  const reader = createInterface({ input: process.stdin, output: process.stdout })
  try {
    return /^y(es)?$/i.test((await reader.question(`${question} [y/N] `)).trim())
  } finally {
    reader.close()
  }
}

/**
 * Questions with a line each for an answer, from the terminal or from standard input. What is
 * secret is not shown while it is typed.
 */
export function createDialogue() {
  let hidden = false
  const output = new Writable({
    write(chunk, _, done) {
      if (!hidden) process.stdout.write(chunk)
      done()
    },
  })
  const terminal = process.stdin.isTTY === true
  const reader = createInterface({ input: process.stdin, output, terminal })
  reader.on('SIGINT', () => reader.close())
  const lines = reader[Symbol.asyncIterator]()
  return {
    /** @throws {PamAlertError} no_answer */
    async ask(question: string, secret = false): Promise<string> {
      reader.setPrompt(`${question} `)
      reader.prompt()
      hidden = secret
      const { value, done } = await lines.next()
      if (hidden || !terminal) process.stdout.write('\n')
      hidden = false
      if (done) throw new PamAlertError('no_answer', question)
      return value.trim()
    },
    close: () => reader.close(),
  }
}

/** 2026-11-20 14:38:36 */
export function localTime(rfc3339: string): string {
  const date = new Date(rfc3339)
  const two = (n: number) => String(n).padStart(2, '0')
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-')
  return `${day} ${[date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':')}`
}

/** 45 s, 12 min, 3 h, 5 d */
export function age(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`
  return `${Math.round(seconds / 86_400)} d`
}

// What a program does to files and what it says on sockets, recorded with strace(1) and read back.
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** One step, in the order in which they came to their end. */
export type Step =
  | { does: 'open'; path: string; create: boolean; truncate: boolean }
  | { does: 'write'; path: string; at: number | null; bytes: Buffer }
  | { does: 'truncate'; path: string; size: number }
  | { does: 'sync'; path: string }
  | { does: 'link' | 'rename'; path: string; to: string }
  | { does: 'unlink'; path: string }
  | { does: 'say'; bytes: Buffer }

const CALLS =
  'openat,write,writev,pwrite64,ftruncate,fsync,fdatasync,rename,renameat,renameat2,link,linkat,unlink,unlinkat'
/** Bytes of one call that are recorded: more than a page, and more than the longest event. */
const LONGEST = 100_000

/** The words before a command that is to be recorded in this file. */
export const recording = (file: string) =>
  `strace -f -qq -y -xx -s ${LONGEST} -e signal=none -e trace=${CALLS} -o ${file}`

const bytesOf = (hex: string) => Buffer.from(hex.replaceAll('\\x', ''), 'hex')

/** Calls that another thread's line has cut in two are made whole where they end. */
function* calls(text: string): Generator<[name: string, args: string, result: string]> {
  const begun = new Map<string, string>()
  for (const line of text.split('\n')) {
    const [, pid = '', rest = ''] = /^(\d+) +(.*)$/.exec(line) ?? []
    if (rest.endsWith(' <unfinished ...>')) {
      begun.set(pid, rest.slice(0, -' <unfinished ...>'.length))
      continue
    }
    const whole = rest.replace(/^<\.\.\. \w+ resumed>/, begun.get(pid) ?? '')
    const [, name, args = '', result = ''] = /^(\w+)\((.*)\) += (-?\d+.*)$/.exec(whole) ?? []
    if (name !== undefined && !result.startsWith('-')) yield [name, args, result]
  }
}

export function stepsOf(file: string): Step[] {
  return [...calls(readFileSync(file, 'utf8'))].flatMap(([name, args, result]) => stepOf(name, args, result) ?? [])
}

function stepOf(name: string, args: string, result: string): Step | null {
  const strings = [...args.matchAll(/"((?:\\x..)*)"/g)].map(([, hex = '']) => bytesOf(hex))
  const descriptors = [...args.matchAll(/(?:\d+|AT_FDCWD)<((?:\\x..)+)>/g)].map(([, hex = '']) =>
    bytesOf(hex).toString(),
  )
  const [path = ''] = descriptors
  /** The nth path of a call that may name it by its directory. */
  const named = (n: number) =>
    join(name.endsWith('at') || name === 'renameat2' ? (descriptors[n] ?? '') : '', '/', String(strings[n]))
  switch (name) {
    case 'openat':
      return {
        does: 'open',
        path: bytesOf(/<((?:\\x..)+)>/.exec(result)?.[1] ?? '').toString(),
        create: args.includes('O_CREAT'),
        truncate: args.includes('O_TRUNC'),
      }
    case 'write':
    case 'writev':
    case 'pwrite64': {
      const bytes = Buffer.concat(strings).subarray(0, Number.parseInt(result, 10))
      if (path.startsWith('socket:')) return { does: 'say', bytes }
      return { does: 'write', path, at: name === 'pwrite64' ? Number(/(\d+)$/.exec(args)?.[1]) : null, bytes }
    }
    case 'ftruncate':
      return { does: 'truncate', path, size: Number(/(\d+)$/.exec(args)?.[1]) }
    case 'fsync':
    case 'fdatasync':
      return { does: 'sync', path }
    case 'unlink':
    case 'unlinkat':
      return { does: 'unlink', path: named(0) }
    default:
      return { does: name.startsWith('link') ? 'link' : 'rename', path: named(0), to: named(1) }
  }
}

/** Those that concern files directly in these directories, and all that was said. */
export const within = (steps: readonly Step[], directories: readonly string[]): Step[] =>
  steps.filter(
    (step) => step.does === 'say' || directories.includes(step.path) || directories.includes(dirname(step.path)),
  )

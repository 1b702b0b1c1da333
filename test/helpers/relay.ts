// The real relay as a process of its own, below a temporary root.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { type Paths, pathsBelow } from '../../relay/model/paths.ts'
import { onEnd, type Scope, tempDir } from './temp.ts'

export const COMMAND = join(import.meta.dirname, '../../relay/cli/main.ts')

export interface LogLine {
  level: number
  msg: string
  [field: string]: unknown
}

export interface RunningRelay {
  paths: Paths
  child: ChildProcess
  /** Resolves when it listens; rejects if it ends before. */
  ready: Promise<unknown>
  /** Resolves when it has ended, however. */
  exited: Promise<unknown>
  /** Everything it printed: its log, and lines of the journal notifier. */
  output: string[]
  /** The next line of the log, from now on, that passes. */
  logged(passes: (line: LogLine) => boolean): Promise<LogLine>
  ask(method: string, path: string, body?: string | Buffer): Promise<{ status: number; body: unknown }>
  stop(signal?: NodeJS.Signals): Promise<void>
}

export interface RelayOptions {
  config?: string
  /** File name below the secrets directory → what it holds. */
  secrets?: Record<string, string>
  /** A root that an earlier relay has used. */
  root?: string
  /** Another program than the source: Node, and the entry point. */
  program?: readonly [node: string, entry: string]
}

/** A program that runs Node with words of shell before it, "ulimit -n 64; exec" or "exec strace …", and options. */
export function nodeBehind(t: Scope, words: string, options = ''): string {
  const script = join(tempDir(t), 'node')
  writeFileSync(script, `#!/bin/sh\n${words} "${process.execPath}" ${options} "$@"\n`, { mode: 0o755 })
  return script
}

export function writeConfig(paths: Paths, config: string) {
  mkdirSync(dirname(paths.config), { recursive: true })
  writeFileSync(paths.config, config)
}

export function writeSecret(paths: Paths, name: string, value: string): string {
  const path = join(paths.secrets, name)
  mkdirSync(paths.secrets, { recursive: true, mode: 0o700 })
  writeFileSync(path, value)
  chmodSync(path, 0o600)
  return path
}

/** Runs the command to its end. */
export async function command(root: string, ...args: string[]) {
  const child = spawn(process.execPath, [COMMAND, '--root', root, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk) => {
    stdout += chunk
  })
  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  const [status] = await once(child, 'close')
  return { status: status as number | null, stdout, stderr }
}

/** Resolves when it listens. */
export async function startRelay(t: Scope, options: RelayOptions = {}): Promise<RunningRelay> {
  const relay = launchRelay(t, options)
  await relay.ready
  return relay
}

export function launchRelay(t: Scope, options: RelayOptions = {}): RunningRelay {
  const paths = pathsBelow(options.root ?? tempDir(t))
  for (const [name, value] of Object.entries(options.secrets ?? {})) writeSecret(paths, name, value)
  if (options.config !== undefined) writeConfig(paths, options.config)
  mkdirSync(paths.spool, { recursive: true, mode: 0o700 })
  const [node, entry] = options.program ?? [process.execPath, COMMAND]
  // A group of its own, so that whatever it runs under ends with it.
  const child = spawn(node, [entry, '--root', paths.root, 'relay'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const output: string[] = []
  const waiting = new Set<(line: LogLine) => void>()
  createInterface({ input: child.stdout }).on('line', (line) => {
    output.push(line)
    if (!line.startsWith('{')) return
    for (const look of waiting) look(JSON.parse(line))
  })
  createInterface({ input: child.stderr }).on('line', (line) => output.push(line))
  const exited = once(child, 'exit')
  const kill = (signal: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null && child.pid) process.kill(-child.pid, signal)
  }
  onEnd(t, async () => {
    kill('SIGKILL')
    await exited
  })
  const logged = (passes: (line: LogLine) => boolean) =>
    new Promise<LogLine>((resolve, reject) => {
      const look = (line: LogLine) => {
        if (!passes(line)) return
        waiting.delete(look)
        resolve(line)
      }
      waiting.add(look)
      void exited.then(() => reject(new Error(`the relay has ended:\n${output.join('\n')}`)))
    })
  const ready = logged(({ msg }) => msg === 'relay is listening')
  // Whoever waits for it is told; who doesn't need not know.
  ready.catch(() => {})
  return {
    paths,
    child,
    ready,
    exited,
    output,
    logged,
    ask: (method, path, body) =>
      new Promise((resolve, reject) => {
        const headers = body === undefined ? {} : { 'content-type': 'application/json' }
        const req = request({ socketPath: paths.socket, method, path, headers })
        req.on('error', reject)
        req.on('response', async (response) => {
          let text = ''
          for await (const chunk of response) text += chunk
          const json = response.headers['content-type']?.includes('json')
          resolve({ status: response.statusCode ?? 0, body: json ? JSON.parse(text) : text })
        })
        req.end(body)
      }),
    async stop(signal = 'SIGTERM') {
      kill(signal)
      await exited
    },
  }
}

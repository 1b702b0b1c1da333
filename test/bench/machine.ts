// The machine that is measured: what it is, and which of its cores does what.
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, release, tmpdir, totalmem } from 'node:os'

/** Servers run on one core, logins and clients on another, so that neither is counted with the other. */
const last = availableParallelism() - 1
export const SERVER_CORE = 0
export const CLIENT_CORE = Math.max(0, last)

/** The arguments that run a program on one core. */
export const pinned = (core: number, ...command: string[]): [file: string, args: string[]] => [
  'taskset',
  ['-c', String(core), ...command],
]

/** Takes this very process, with all its threads, to a core. */
export function pinMyself(core: number) {
  execFileSync('taskset', ['-a', '-c', '-p', String(core), String(process.pid)], { stdio: 'ignore' })
}

/** Where a command is; null if it isn't installed. */
export function commandPath(name: string): string | null {
  const { status, stdout } = spawnSync('/bin/sh', ['-c', `command -v ${name}`], { encoding: 'utf8' })
  return status === 0 ? stdout.trim() : null
}

export interface Machine {
  cpu: string
  cores: number
  memory_gb: number
  kernel: string
  disk: string
  node: string
  load: string
}

export function describeMachine(): Machine {
  const [source = '', type = ''] =
    execFileSync('df', ['--output=source,fstype', tmpdir()], { encoding: 'utf8' })
      .trim()
      .split('\n')
      .at(-1)
      ?.split(/\s+/) ?? []
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memory_gb: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    disk: `${type} on ${source}`,
    node: process.version,
    load: readFileSync('/proc/loadavg', 'utf8').split(' ').slice(0, 3).join(' '),
  }
}

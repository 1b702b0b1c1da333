// What a login waits for: pam_open_session through libpam and pam_exec, for our hook and for what else
// people put there; with the relay at work, and with it stopped, hung and flooded.
import { execFileSync, spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { HOOK } from '../helpers/hook.ts'
import type { RunningRelay } from '../helpers/relay.ts'
import type { Size } from './bench.ts'
import { atMostTimes, type Figure, type Section, tailAtMost, timed } from './figures.ts'
import { commandPath, SERVER_CORE } from './machine.ts'
import { DURABLE, EMPTY, PROGRAMS, type Site } from './site.ts'

const EXEC = 'pam_exec.so quiet quiet_log seteuid'
/** The hook's own, and what a process of a busy machine may be late. */
const BUDGET_MS = 50
const LATE_MS = 5
const FLOOD_CLIENTS = 64
/** Descriptors that a process may have; pam_exec closes as many, open or not, before each program. */
const LIMITS = [256, 1024, 20_000]

const PAM_SCRIPT = ['/lib', '/usr/lib', '/usr/lib64', `/lib/${process.arch === 'x64' ? 'x86_64' : 'aarch64'}-linux-gnu`]
  .map((lib) => `${lib}/security/pam_script.so`)
  .find(existsSync)

const hardLimit = () => Number(/^Max open files +\S+ +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1])

interface Program {
  what: string
  service: string
  module: string | null
}

function hookLine({ paths }: Site, socket = paths.socket): string {
  return `${HOOK} --socket ${socket} --spool ${paths.spool}`
}

/** @param bare the socket of the bare server */
function quickPrograms(site: Site, bare: string): Program[] {
  const page = join(site.dir, 'page')
  writeFileSync(page, Buffer.alloc(4096))
  return [
    { what: 'no module', service: 'none', module: null },
    { what: 'empty static program', service: 'empty', module: `${EXEC} ${EMPTY}` },
    { what: 'static, one page on disk', service: 'durable', module: `${EXEC} ${DURABLE} ${page}` },
    { what: '/bin/true', service: 'true', module: `${EXEC} /bin/true` },
    { what: 'its hook, bare server', service: 'bare', module: `${EXEC} ${hookLine(site, bare)}` },
    { what: 'pam-alert, on disk', service: 'hook', module: `${EXEC} ${hookLine(site)}` },
    { what: 'sh, a line in a file', service: 'sh', module: `${EXEC} ${PROGRAMS}/login.sh ${site.dir}/log` },
    ...(PAM_SCRIPT ? [pamScript(site, PAM_SCRIPT)] : []),
  ]
}

function pamScript({ dir }: Site, module: string): Program {
  const scripts = join(dir, 'pam_script')
  mkdirSync(scripts)
  copyFileSync(join(PROGRAMS, 'login.sh'), join(scripts, 'pam_script_ses_open'))
  return { what: 'pam_script, the same', service: 'pam_script', module: `${module} dir=${scripts}` }
}

function slowPrograms(site: Site, port: number): Program[] {
  const url = `http://127.0.0.1:${port}/`
  const python = commandPath('python3')
  // A wrapper such as pyenv's would be measured with it.
  const real = python && execFileSync(python, ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' }).trim()
  return [
    { what: 'pam-alert, on disk', service: 'hook', module: `${EXEC} ${hookLine(site)}` },
    ...(commandPath('curl')
      ? [{ what: 'bash + curl', service: 'curl', module: `${EXEC} ${PROGRAMS}/curl.sh ${url}` }]
      : []),
    ...(real ? [{ what: 'Python', service: 'python', module: `${EXEC} ${real} ${PROGRAMS}/login.py ${url}` }] : []),
    { what: 'Node', service: 'node', module: `${EXEC} ${process.execPath} ${PROGRAMS}/login.mjs ${url}` },
  ]
}

/** Rounds of all programs in turn, by service. */
async function measure(site: Site, programs: readonly Program[], rounds: number, n: number, nofile: number) {
  const services = programs.map(({ service }) => service)
  const all = Object.fromEntries(services.map((service) => [service, [] as number[][]]))
  for (let round = 0; round < rounds; round++)
    for (const [service, times] of await site.sessions(n, services, { nofile })) all[service]?.push(times)
  return all
}

async function compare(site: Site, size: Size, nofile: number, quick: Program[], slow: Program[]): Promise<Section[]> {
  const [rounds, many, few] = size === 'short' ? [1, 5, 1] : [5, 100, 5]
  const quickTimes = await measure(site, quick, rounds, many, nofile)
  const slowTimes = await measure(site, slow, rounds, few, nofile)
  const figures = (programs: readonly Program[], times: Record<string, number[][]>, goal: number) =>
    programs.map(({ what, service }) =>
      timed(what, 'µs', times[service] ?? [], service === 'hook' ? atMostTimes(goal) : undefined),
    )
  return [
    {
      title: `A login, ${nofile.toLocaleString('en')} descriptors`,
      reference: '/bin/true',
      figures: figures(quick, quickTimes, 1),
    },
    {
      title: `What people paste, ${nofile.toLocaleString('en')} descriptors`,
      reference: 'bash + curl',
      figures: figures(slow, slowTimes, 0.1),
    },
  ]
}

async function inFault(site: Site, what: string, n: number): Promise<Figure> {
  const times = await site.sessions(n, ['hook'])
  const goal = tailAtMost((BUDGET_MS + LATE_MS) * 1000, `${BUDGET_MS + LATE_MS} ms`)
  return timed(what, 'µs', [times.get('hook') ?? []], goal)
}

/** @param relay at work; it is stopped in the end */
async function faults(site: Site, size: Size, relay: RunningRelay): Promise<Section> {
  const n = size === 'short' ? 3 : 100
  const flood = site.clients(site.paths.socket, n * 200, FLOOD_CLIENTS, { core: SERVER_CORE })
  const flooded = await inFault(site, `flooded by ${FLOOD_CLIENTS} clients`, n)
  await flood
  relay.child.kill('SIGSTOP')
  const hung = await inFault(site, 'hung', n)
  relay.child.kill('SIGCONT')
  await relay.stop()
  const stopped = await inFault(site, 'stopped', n)
  return { title: 'A login while the relay is …', reference: null, figures: [stopped, hung, flooded] }
}

/** What one run of the hook retires, from exec to exit; a number that does not depend on the machine's load. */
function effort(site: Site): Section {
  const env = { PAM_SERVICE: 'sshd', PAM_USER: 'alice', PAM_RHOST: '192.0.2.7', PAM_TYPE: 'open_session' }
  const commands = { 'empty static program': EMPTY, '/bin/true': '/bin/true', 'pam-alert, on disk': hookLine(site) }
  const count = (tool: string, args: readonly string[], found: RegExp): Figure[] =>
    commandPath(tool) === null
      ? []
      : Object.entries(commands).map(([what, command]) => {
          const { stderr } = spawnSync(tool, [...args, ...command.split(' ')], { env, encoding: 'utf8' })
          return {
            what: `${what}: ${tool === 'valgrind' ? 'instructions' : 'system calls'}`,
            unit: '',
            rounds: [Number(found.exec(stderr)?.[1])],
          }
        })
  return {
    title: 'What one run takes',
    reference: null,
    figures: [
      ...count('valgrind', ['--tool=callgrind', '--callgrind-out-file=/dev/null'], /Collected : (\d+)/),
      ...count('strace', ['-c'], /^ *[\d.]+ +[\d.]+ +\d+ +(\d+) .*total$/m),
    ],
  }
}

export async function loginCost(site: Site, size: Size): Promise<Section[]> {
  const relay = await site.relay()
  const { port, socket } = await site.server()
  const quick = quickPrograms(site, socket)
  const slow = slowPrograms(site, port)
  for (const { service, module } of [...quick, ...slow]) site.service(service, module)
  writeFileSync(join(site.dir, 'log'), '')
  // Compiled code is what a relay of some days runs.
  for (const warm of [socket, site.paths.socket]) await site.clients(warm, size === 'short' ? 10 : 3000, 1)
  const sections: Section[] = []
  for (const nofile of LIMITS.filter((n) => n <= hardLimit()))
    sections.push(...(await compare(site, size, nofile, quick, slow)))
  return [...sections, effort(site), await faults(site, size, relay)]
}

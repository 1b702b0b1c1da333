// The machine inside the private namespace: what an administrator does there, and a person who logs in.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { freePort } from '../helpers/receiver.ts'
import type { Scope } from '../helpers/temp.ts'
import { until } from '../helpers/until.ts'

const top = join(import.meta.dirname, '../..')

export interface Ran {
  status: number | null
  stdout: string
  stderr: string
}

export interface RunOptions {
  env?: Record<string, string>
  input?: string
  cwd?: string
}

/** Runs a program to its end; never throws for its exit status. */
export async function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const child = spawn(program, args, { cwd: options.cwd ?? '/', env: { ...process.env, ...options.env } })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk) => {
    stdout += chunk
  })
  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  child.stdin.on('error', () => {}).end(options.input ?? '')
  const [status] = await once(child, 'close')
  return { status, stdout, stderr }
}

/** As `run`, for what must succeed. */
export async function must(program: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const ran = await run(program, args, options)
  if (ran.status !== 0) throw new Error(`${program} ${args.join(' ')}: ${ran.status}\n${ran.stdout}${ran.stderr}`)
  return ran.stdout
}

/** The real thing, from the source tree. TMPDIR: the namespace keeps /var/tmp in memory. */
export const installSh = (...args: string[]) =>
  run(join(top, 'install.sh'), args, { env: { TMPDIR: '/tmp', HOME: '/root' } })

export const pamAlert = (...args: string[]) => run('/usr/bin/pam-alert', args)

/** All files below /etc/pam.d: their names and the hashes of their bytes. */
export function pamFiles(): Record<string, string> {
  const names = readdirSync('/etc/pam.d').sort()
  const hash = (name: string) =>
    createHash('sha256')
      .update(readFileSync(join('/etc/pam.d', name)))
      .digest('hex')
  return Object.fromEntries(names.map((name) => [name, hash(name)]))
}

/** Whatever pam-alert the machine outside has: in here nobody ever installed one. */
export async function forgetPamAlert() {
  if (existsSync('/usr/bin/pam-alert')) await must('/usr/bin/pam-alert', ['uninstall', '--purge'])
  for (const path of ['/etc/pam-alert', '/var/lib/pam-alert', '/var/spool/pam-alert'])
    rmSync(path, { recursive: true, force: true })
  await run('userdel', ['pam-alert'])
}

const started: ChildProcess[] = []
const atEnd: (() => void | Promise<void>)[] = []

/** Ends with `stopAll`. */
export const machine: Scope = { after: (done) => void atEnd.push(done) }

export async function stopAll() {
  for (const done of atEnd.splice(0)) await done()
  for (const child of started.splice(0)) child.kill('SIGKILL')
}

/** Runs until `stopAll`. @param stdout where it prints */
export async function startProgram(program: string, args: readonly string[], stdout: number | 'ignore' = 'ignore') {
  const child = spawn(program, args, { cwd: '/', stdio: ['ignore', stdout, 'ignore'] })
  started.push(child)
  await once(child, 'spawn')
}

/** journald itself, so that there is a journal to read. */
export async function startJournal() {
  // An earlier one's sockets would look like this one's, and nobody would hear what is sent there.
  rmSync('/run/systemd/journal', { recursive: true, force: true })
  mkdirSync('/run/systemd/journal', { recursive: true })
  mkdirSync('/run/log/journal', { recursive: true })
  if (!existsSync('/etc/machine-id') || readFileSync('/etc/machine-id', 'utf8').length < 32)
    writeFileSync('/etc/machine-id', `${'0123456789abcdef'.repeat(2)}\n`)
  started.push(spawn('/lib/systemd/systemd-journald', { stdio: 'ignore' }))
  await until(() => existsSync('/run/systemd/journal/dev-log') && existsSync('/run/systemd/journal/io.systemd.journal'))
  if (!existsSync('/dev/log')) symlinkSync('/run/systemd/journal/dev-log', '/dev/log')
}

/** Lines of the journal with this identifier, once there is one that passes. */
export async function journalLines(identifier: string, passes: (line: string) => boolean): Promise<string[]> {
  let lines: string[] = []
  await until(async () => {
    const out = await run('journalctl', ['--no-pager', '-q', '-o', 'cat', '-t', identifier])
    lines = out.stdout.split('\n').filter(Boolean)
    return lines.some(passes)
  })
  return lines
}

export interface Sshd {
  port: number
  /** ssh(1) with no habits of the user's, as this user, with these more arguments. */
  ssh(user: string, options: readonly string[], ...command: string[]): Promise<Ran>
  /** The same, typing this password at the first prompt. */
  sshWithPassword(user: string, password: string, ...command: string[]): Promise<Ran>
  options: readonly string[]
}

const connects = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false))
    socket.on('connect', () => socket.destroy())
  })

export async function startSshd(): Promise<Sshd> {
  const port = await freePort()
  const hostKey = '/etc/ssh/test_host_key'
  if (!existsSync(hostKey)) execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', hostKey])
  writeFileSync(
    '/etc/ssh/test_sshd_config',
    `ListenAddress 127.0.0.1:${port}
HostKey ${hostKey}
UsePAM yes
PasswordAuthentication yes
KbdInteractiveAuthentication no
MaxStartups 100
PidFile none
Subsystem sftp internal-sftp
`,
  )
  const child = spawn('/usr/sbin/sshd', ['-D', '-f', '/etc/ssh/test_sshd_config'], { stdio: 'ignore' })
  started.push(child)
  await until(() => connects(port))
  const options = [
    ...['-F', 'none', '-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null', '-o', 'LogLevel=ERROR'],
    ...['-o', 'IdentitiesOnly=yes', '-o', 'IdentityAgent=none'],
  ]
  writeFileSync('/run/askpass', '#!/bin/sh\nprintf "%s\\n" "$TEST_PASSWORD"\n', { mode: 0o700 })
  const ssh = (env: Record<string, string>, user: string, more: readonly string[], command: readonly string[]) =>
    run('ssh', [...options, '-p', String(port), ...more, `${user}@127.0.0.1`, ...command], { env })
  return {
    port,
    options,
    ssh: (user, more, ...command) => ssh({}, user, ['-o', 'BatchMode=yes', ...more], command),
    sshWithPassword(user, password, ...command) {
      const env = { SSH_ASKPASS: '/run/askpass', SSH_ASKPASS_REQUIRE: 'force', TEST_PASSWORD: password }
      const more = [
        '-o',
        'PreferredAuthentications=password',
        '-o',
        'NumberOfPasswordPrompts=1',
        '-o',
        'PubkeyAuthentication=no',
      ]
      return ssh(env, user, more, command)
    },
  }
}

export interface Person {
  name: string
  password: string
  key: string
  fingerprint: string
}

/** An account with a home, a password and a key that may log in. */
export async function createPerson(name: string): Promise<Person> {
  const password = `correct horse ${name}`
  await must('useradd', ['-m', '-s', '/bin/sh', name])
  // Without PAM, so that no event is made of it.
  const hash = (await must('openssl', ['passwd', '-6', password])).trim()
  await must('usermod', ['-p', hash, name])
  const home = `/home/${name}`
  const key = `${home}/.ssh/id`
  mkdirSync(`${home}/.ssh`, { mode: 0o700 })
  await must('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', `${name}@laptop`, '-f', key])
  writeFileSync(`${home}/.ssh/authorized_keys`, readFileSync(`${key}.pub`))
  await must('chown', ['-R', `${name}:${name}`, home])
  const fingerprint = (await must('ssh-keygen', ['-lf', `${key}.pub`])).split(' ')[1] ?? ''
  return { name, password, key, fingerprint }
}

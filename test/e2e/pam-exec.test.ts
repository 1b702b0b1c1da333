// libpam and pam_exec themselves, as an ordinary user: a service of our own in a private directory,
// the real hook, the real relay, and a webhook at the end.
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, type TestContext, test } from 'node:test'
import { bundle } from '../../build.ts'
import { pathsBelow } from '../../relay/model/paths.ts'
import { HOOK, PAM_TRY, PRELOAD } from '../helpers/hook.ts'
import { WEBHOOK_SECRET } from '../helpers/notifiers.ts'
import { createReceiver } from '../helpers/receiver.ts'
import { startRelay } from '../helpers/relay.ts'
import { tempDir } from '../helpers/temp.ts'

const NOBODY = 65_534
const modules = ['/lib', '/usr/lib', '/lib64', '/usr/lib64'].some(
  (lib) =>
    existsSync(`${lib}/security`) ||
    existsSync(`${lib}/${process.arch === 'x64' ? 'x86_64' : 'aarch64'}-linux-gnu/security`),
)
const skip = modules ? false : 'needs the modules of PAM'

interface Login {
  items?: Record<string, string>
  env?: readonly string[]
  operations: readonly string[]
  password?: string
  /** As daemons do that don't care for their children. */
  ignoresChildren?: boolean
}

/** Copies that an ordinary user can reach, wherever the source tree is. */
const stage = mkdtempSync(join(tmpdir(), 'pam-alert-stage-'))
const [hook, pamTry, preload, node] = ['hook', 'pam-try', 'preload.so', 'node'].map((name) => join(stage, name)) as [
  string,
  string,
  string,
  string,
]
let entry = ''

async function setUp(t: TestContext, stack: (hook: string, dir: string) => string) {
  const dir = tempDir(t)
  const receiver = await createReceiver(t)
  const root = join(dir, 'root')
  const config = `[notifiers.ops]\ntype = "webhook"\nurl = "${receiver.url}"\nsecret_file = "${pathsBelow(root).secrets}/ops"\n[[routes]]\nnotify = ["ops"]\n`
  mkdirSync(root)
  const relay = await startRelay(t, { root, config, secrets: { ops: WEBHOOK_SECRET }, program: [node, entry] })
  mkdirSync(join(dir, 'pam.d'))
  writeFileSync(
    join(dir, 'pam.d/sshd'),
    stack(
      `pam_exec.so quiet quiet_log seteuid ${hook} --socket ${relay.paths.socket} --spool ${relay.paths.spool}`,
      dir,
    ),
  )

  return {
    dir,
    /** The verdict of each operation. */
    async login({
      items = {},
      env = [],
      operations,
      password = '',
      ignoresChildren = false,
    }: Login): Promise<string[]> {
      const options = Object.entries({ confdir: join(dir, 'pam.d'), service: 'sshd', ...items })
      const args = [
        ...options.flatMap(([name, value]) => [`--${name}`, value]),
        ...env.flatMap((entry) => ['--env', entry]),
      ]
      const prelude = ignoresChildren ? 'trap "" CHLD; ' : ''
      const inside = ['-c', `${prelude}exec "$0" "$@"`, pamTry, ...args, ...operations]
      const child = spawn('/bin/sh', inside, { stdio: ['pipe', 'pipe', 'inherit'] })
      let out = ''
      child.stdout.on('data', (chunk) => {
        out += chunk
      })
      child.stdin.end(`${password}\n`)
      await once(child, 'close')
      return out
        .trim()
        .split('\n')
        .map((line) => line.split(' ').slice(0, 2).join(' '))
    },
    /** The data of the next webhook. */
    next: async () => JSON.parse((await receiver.next()).body.toString()).data,
    received: receiver.received,
  }
}

const SESSION = (run: string) => `session required pam_permit.so\nsession optional ${run}\n`
const alice = { user: 'alice', rhost: '192.0.2.7', tty: 'ssh' }

describe('through libpam and pam_exec, as an ordinary user', { skip }, () => {
  before(async () => {
    chmodSync(stage, 0o755)
    for (const [from, to] of [
      [HOOK, hook],
      [PAM_TRY, pamTry],
      [PRELOAD, preload],
      [process.execPath, node],
    ] as const) {
      copyFileSync(from, to)
      chmodSync(to, 0o755)
    }
    entry = await bundle(join(stage, 'relay'))
    if (process.getuid?.() !== 0) return
    execFileSync('chown', ['-R', `${NOBODY}:${NOBODY}`, stage])
    process.setgroups?.([])
    process.setgid?.(NOBODY)
    process.setuid?.(NOBODY)
  })
  after(() => rmSync(stage, { recursive: true }))

  test('a session that opens and closes is two events', async (t) => {
    const { login, next, received } = await setUp(t, SESSION)
    assert.deepEqual(await login({ items: alice, operations: ['open', 'close'] }), ['open 0', 'close 0'])
    const [opened, closed] = [await next(), await next()]
    assert.deepEqual([opened.type, closed.type], ['open_session', 'close_session'])
    assert.deepEqual(
      [opened.user, opened.rhost, opened.tty, opened.service, opened.flags],
      ['alice', '192.0.2.7', 'ssh', 'sshd', []],
    )
    assert.equal(opened.uid, process.getuid?.())
    assert.equal(opened.pid, closed.pid)
    assert.equal(received.length, 2)
  })

  test('a refused password is one event, and the verdict stays a refusal; a right one is none', async (t) => {
    const { dir, login, next, received } = await setUp(
      t,
      (run, dir) => `auth [success=2 default=ignore] pam_exec.so quiet quiet_log /bin/sh ${dir}/verdict
auth [default=ignore] ${run} --outcome failure
auth requisite pam_deny.so
auth required pam_permit.so
${SESSION(run)}`,
    )
    const verdict = (status: number) => writeFileSync(join(dir, 'verdict'), `exit ${status}\n`)
    verdict(1)
    const nobody = { ...alice, user: 'Correct-Horse-7' }
    assert.deepEqual(await login({ items: nobody, operations: ['authenticate'] }), ['authenticate 7'])
    const refused = await next()
    assert.deepEqual([refused.type, refused.outcome], ['auth', 'failure'])
    assert.match(refused.user, /^#[a-z2-7]{6}$/, 'it could have been a password')
    verdict(0)
    assert.deepEqual(await login({ items: alice, operations: ['authenticate', 'open'] }), ['authenticate 0', 'open 0'])
    assert.equal((await next()).type, 'open_session')
    assert.equal(received.length, 2)
  })

  test('what a user plants in the PAM environment fools nobody', async (t) => {
    const { login, next } = await setUp(t, SESSION)
    const env = ['PAM_USER=root', 'PAM_RHOST=127.0.0.1', 'PAM_RUSER=root', 'PAM_SERVICE=cron', 'PAM_TYPE=close_session']
    await login({ items: { user: 'mallory' }, env, operations: ['open'] })
    const data = await next()
    assert.deepEqual(
      [data.user, data.rhost, data.ruser, data.service, data.type, data.flags],
      ['mallory', null, null, 'sshd', 'open_session', ['spoofed_env']],
    )
  })

  test('what a user plants for the dynamic linker is not loaded', async (t) => {
    const { dir, login, next } = await setUp(t, SESSION)
    const marker = join(dir, 'loaded')
    await login({ items: alice, env: [`LD_PRELOAD=${preload}`, `PRELOAD_MARKER=${marker}`], operations: ['open'] })
    await next()
    assert.ok(!existsSync(marker))
  })

  test("sshd's advisory variables arrive, and give method, key and port", async (t) => {
    const { login, next } = await setUp(t, SESSION)
    const blob = 'AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl'
    const env = [`SSH_AUTH_INFO_0=publickey ssh-ed25519 ${blob}\n`, 'SSH_CONNECTION=192.0.2.7 39652 192.0.2.1 22']
    await login({ items: alice, env, operations: ['open'] })
    const data = await next()
    assert.deepEqual(data.source, { address: '192.0.2.7', port: 39652, name: null })
    assert.equal(data.method, 'publickey')
    assert.equal(data.key.fingerprint, 'SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU')
  })

  test('a login succeeds with the hook, the relay, or both missing', async (t) => {
    const { login } = await setUp(t, () => SESSION('pam_exec.so quiet quiet_log seteuid /nonexistent/hook'))
    assert.deepEqual(await login({ items: alice, operations: ['open', 'close'] }), ['open 0', 'close 0'])
    const other = await setUp(t, (run) => SESSION(run.replace(/--socket \S+/, '--socket /nonexistent/relay.sock')))
    assert.deepEqual(await other.login({ items: alice, operations: ['open', 'close'] }), ['open 0', 'close 0'])
  })

  test('a caller that ignores SIGCHLD: the login goes on, and the event is stored', async (t) => {
    const { login, next } = await setUp(t, SESSION)
    assert.deepEqual(await login({ items: alice, operations: ['open'], ignoresChildren: true }), ['open 0'])
    assert.equal((await next()).user, 'alice')
  })

  test('a user name with which no program can be started: the login goes on', async (t) => {
    const { login, next } = await setUp(t, SESSION)
    // execve(2) takes no string of more than 128 KiB, and this is one with PAM_USER= before it.
    const user = 'x'.repeat(131_072 - 'PAM_USER='.length)
    assert.deepEqual(await login({ items: { ...alice, user }, operations: ['open'] }), ['open 0'])
    assert.deepEqual(await login({ items: alice, operations: ['open'] }), ['open 0'])
    assert.equal((await next()).user, 'alice', 'the next one is told')
  })

  test('shell, format and newline characters in a user name stay text', async (t) => {
    const { login, next } = await setUp(t, SESSION)
    for (const user of [
      '$(reboot)',
      '`id`',
      '%s%n',
      '"; rm -rf /',
      "' OR 1=1 --",
      '-rf',
      '../../etc/passwd',
      '{{x}}',
    ]) {
      await login({ items: { ...alice, user }, operations: ['open'] })
      assert.equal((await next()).user, user)
    }
    await login({ items: { ...alice, user: 'a\nb\x1b[31m' }, operations: ['open'] })
    assert.equal((await next()).user, 'a\\x0ab\\x1b[31m')
  })
})

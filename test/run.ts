// Runs all tests: the ordinary ones as whoever calls, and as root those of test/root/, each file in a
// private mount namespace. In CI it first installs what they need, and a skipped test is a failure.
import { spawnSync } from 'node:child_process'
import { globSync, mkdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'

const top = join(import.meta.dirname, '..')
const inCi = process.env.CI === 'true'
const isRoot = process.getuid?.() === 0

/** What the tests use of Debian, beside what install.sh installs by itself. */
const PACKAGES = [
  ...[
    'gcc',
    'libc6-dev',
    'make',
    'musl-tools',
    'libpam0g-dev',
    'clang',
    'libclang-rt-dev',
    'diffutils',
    'procps',
    'util-linux',
    'strace',
  ],
  ...['openssh-server', 'openssh-client', 'openssh-sftp-server', 'sudo', 'systemd', 'passwd', 'bsdutils'],
  ...['curl', 'valgrind', 'swatch'],
]

/** A test that takes longer hangs. */
const TIMEOUT_MS = 300_000

function step(command: string, args: readonly string[]) {
  const { status, error } = spawnSync(command, args, { cwd: top, stdio: 'inherit' })
  if (error) throw error
  if (status !== 0) process.exit(1)
}

function installNeeds() {
  process.env.DEBIAN_FRONTEND = 'noninteractive'
  step('apt-get', ['update', '-q'])
  step('apt-get', ['install', '-q', '-y', '--no-install-recommends', ...PACKAGES])
  // Unpacked only: its installation would put it into this machine's PAM.
  mkdirSync(join(top, 'test/build/libpam-script'), { recursive: true })
  step('sh', ['-c', 'cd test/build/libpam-script && apt-get download libpam-script && dpkg-deb -x *.deb .'])
}

/** Answers whether all passed; in CI also whether all were run. */
function runFiles(files: readonly string[], concurrency: number, title: string): Promise<boolean> {
  process.stdout.write(`\n${title}\n`)
  return new Promise((resolve) => {
    const stream = run({ files: files.map((file) => join(top, file)), concurrency, timeout: TIMEOUT_MS })
    stream.on('test:summary', ({ file, counts, success }) => {
      if (file !== undefined) return
      const unrun = counts.skipped + counts.todo
      if (inCi && unrun > 0) process.stdout.write(`${unrun} tests were skipped, which CI does not allow\n`)
      resolve(success && !(inCi && unrun > 0))
    })
    stream.compose(spec).pipe(process.stdout)
  })
}

function canUnshare(): boolean {
  return spawnSync(join(top, 'test/root/enter.sh'), ['true']).status === 0
}

async function runAsRoot(): Promise<boolean> {
  const files = globSync('test/root/*.test.ts', { cwd: top }).sort()
  const why = isRoot ? (canUnshare() ? null : 'needs mount namespaces and overlayfs') : 'needs root'
  if (why !== null) {
    for (const file of files) process.stdout.write(`skipped: ${file} (${why})\n`)
    return !inCi
  }
  let passed = true
  for (const file of files) {
    const inside = [process.execPath, join(top, 'test/run.ts'), file]
    passed = spawnSync(join(top, 'test/root/enter.sh'), inside, { cwd: top, stdio: 'inherit' }).status === 0 && passed
  }
  return passed
}

const [only] = process.argv.slice(2)
if (only !== undefined) {
  process.exit((await runFiles([only], 1, only)) ? 0 : 1)
}
if (inCi && isRoot) installNeeds()
step('make', ['-s', '-C', 'hook', 'all', 'sanitized'])
step('make', ['-s', '-C', 'pam'])
step('make', ['-s', '-C', 'test'])
const files = globSync('test/**/*.test.ts', { cwd: top, exclude: ['test/root/**'] }).sort()
const ordinary = await runFiles(files, availableParallelism(), 'ordinary tests')
const asRoot = await runAsRoot()
process.exit(ordinary && asRoot ? 0 : 1)

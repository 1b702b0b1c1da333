// Fuzzing, for so many seconds: `npm run fuzz -- 600`. libFuzzer on the hook's encoder and reply parser,
// beside it fast-check on every property that reads foreign text. What breaks the hook is kept in its corpus.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const top = join(import.meta.dirname, '..')
const corpus = join(top, 'test/hook/corpus')
const seconds = Number(process.argv[2] ?? 60)
if (!(seconds > 0)) {
  process.stderr.write('usage: npm run fuzz -- [SECONDS]\n')
  process.exit(2)
}

/** Runs it to its end; what it says is shown if it fails. @returns what it said; null: it failed */
async function ran(program: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<string | null> {
  const child = spawn(program, args, { cwd: top, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  const hear = (chunk: Buffer) => {
    said += chunk
  }
  child.stdout.on('data', hear)
  child.stderr.on('data', hear)
  const [status] = await once(child, 'close')
  if (status === 0) return said
  process.stdout.write(said)
  return null
}

async function fuzzHook(): Promise<boolean> {
  const found = mkdtempSync(join(tmpdir(), 'pam-alert-fuzz-'))
  const limits = [`-max_total_time=${seconds}`, '-max_len=8192', '-print_final_stats=1']
  try {
    const args = [...limits, `-artifact_prefix=${corpus}/`, found, corpus]
    const said = await ran(join(top, 'hook/build/fuzz'), args, process.env)
    const inputs = /number_of_executed_units: (\d+)/.exec(said ?? '')?.[1]
    if (said !== null) process.stdout.write(`the hook: ${inputs} inputs, every one given back as it came\n`)
    return said !== null
  } finally {
    rmSync(found, { recursive: true })
  }
}

/** Each property gets its share of the time. */
async function fuzzReaders(): Promise<boolean> {
  const files = globSync('test/**/*.test.ts', { cwd: top }).filter((file) =>
    readFileSync(join(top, file), 'utf8').includes('helpers/fuzz.ts'),
  )
  const properties = files.flatMap((file) => readFileSync(join(top, file), 'utf8').match(/\bruns\(\d+\)/g) ?? []).length
  const env = { ...process.env, FUZZ_SECONDS: String(seconds / properties) }
  const said = await ran(process.execPath, ['--test', '--test-concurrency=1', ...files], env)
  if (said !== null) process.stdout.write(`the relay and the installer: ${properties} properties hold\n`)
  return said !== null
}

process.stdout.write(`${seconds} s of fuzzing\n`)
execFileSync('make', ['-s', '-C', 'hook', 'all', 'sanitized', 'fuzz'], { cwd: top, stdio: 'inherit' })
const passed = await Promise.all([fuzzHook(), fuzzReaders()])
process.exit(passed.every(Boolean) ? 0 : 1)

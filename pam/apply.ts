// Puts pam-alert into PAM with Debian's pam-auth-update, and takes it out again: the result is
// computed in a scratch root and tried there; what is on disk is then compared with it, never the
// tool's exit status, which is 0 even when it refuses.
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Uncovered, uncovered } from './coverage.ts'
import { putBack, writeWhole } from './replace.ts'
import { parseStack, rulesThatRun } from './stack.ts'
import { type Stacks, type Trial, tryStacks } from './trial.ts'

const STACKS = '/etc/pam.d'
/** What pam-auth-update remembers of its last run. */
const MEMORY = '/var/lib/pam'
const PROFILES = '/usr/share/pam-configs'
const NAME = 'pam-alert'

const keep = { preserveTimestamps: true } as const

export interface PamChange {
  /** As diff -u prints it; empty if nothing would change. */
  diff: string
  after: Stacks
  trial: Trial
}

/** What pam-auth-update would not touch. */
export class LocallyModified extends Error {}

function readAll(directory: string): Map<string, string> {
  if (!existsSync(directory)) return new Map()
  const files = readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isFile())
  return new Map(files.map(({ name }) => [name, readFileSync(join(directory, name), 'latin1')]))
}

const sameFiles = (a: Stacks, b: Stacks) => a.size === b.size && [...a].every(([name, text]) => b.get(name) === text)

/**
 * @param debconf where its answers are kept; the system's own unless this is a rehearsal
 * @throws {LocallyModified} if it refuses
 */
function pamAuthUpdate(args: readonly string[], debconf?: string) {
  const { status, stderr, error } = spawnSync('pam-auth-update', args, {
    encoding: 'utf8',
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
      DEBIAN_FRONTEND: 'noninteractive',
      ...(debconf && { DEBCONF_DB_REPLACE: `File{${debconf}}` }),
    },
  })
  if (error) throw error
  if (stderr.includes('Local modifications')) throw new LocallyModified(stderr.trim())
  if (status !== 0) throw new Error(`pam-auth-update ${args.join(' ')}: ${stderr.trim()}`)
}

export function createPam(root: string, hook: string, profile: string) {
  const at = (path: string) => join(root, path)
  const installedProfile = at(`${PROFILES}/${NAME}`)
  const backup = at('/var/backups/pam-alert')
  const [rootArgs, debconf] = root === '/' ? [[]] : [['--root', root], at('/var/lib/pam-alert-debconf.dat')]

  /** Files of /etc/pam.d that call the hook, with the lines that do. */
  function callers(stacks: Stacks = readAll(at(STACKS))) {
    return [...stacks].flatMap(([file, text]) =>
      rulesThatRun(parseStack(text), hook).map(({ type, line, raw }) => ({
        file: join(STACKS, file),
        type,
        line,
        raw,
      })),
    )
  }

  /** The files that pam-auth-update writes, with owner, mode and times. */
  function save(as: 'before' | 'after') {
    for (const directory of [STACKS, MEMORY]) {
      const to = join(backup, as, directory)
      rmSync(to, { recursive: true, force: true })
      mkdirSync(to, { recursive: true, mode: 0o700 })
      for (const name of managed(directory)) cpSync(at(join(directory, name)), join(to, name), keep)
    }
  }

  const managed = (directory: string) =>
    [...readAll(at(directory)).keys()].filter((name) => directory === MEMORY || name.startsWith('common-'))

  const unchangedSince = (as: 'after') =>
    [STACKS, MEMORY].every((directory) =>
      [...readAll(join(backup, as, directory))].every(([name, text]) => readAll(at(directory)).get(name) === text),
    )

  function restore() {
    for (const directory of [STACKS, MEMORY])
      for (const [name, text] of readAll(join(backup, 'before', directory)))
        if (readAll(at(directory)).get(name) !== text)
          putBack(join(backup, 'before', directory, name), at(join(directory, name)))
  }

  function use(text: string) {
    writeWhole(installedProfile, text)
    pamAuthUpdate([...rootArgs, '--enable', NAME], debconf)
  }

  function forget() {
    pamAuthUpdate([...rootArgs, '--remove', NAME], debconf)
    restore()
    rmSync(installedProfile)
    rmSync(backup, { recursive: true, force: true })
  }

  return {
    callers,

    /** Services of which the hook is not told, or not of everything. */
    uncovered: (): Uncovered[] => uncovered(readAll(at(STACKS)), hook),

    /**
     * What enabling pam-alert would do; changes nothing.
     * @throws {LocallyModified}
     */
    rehearse(pamTry: string): PamChange {
      const scratch = mkdtempSync(join(tmpdir(), 'pam-alert-pam-'))
      try {
        for (const directory of [STACKS, MEMORY, PROFILES])
          if (existsSync(at(directory))) cpSync(at(directory), join(scratch, directory), { recursive: true })
        writeWhole(join(scratch, PROFILES, NAME), profile)
        pamAuthUpdate(['--root', scratch, '--enable', NAME], join(scratch, 'debconf.dat'))
        const after = readAll(join(scratch, STACKS))
        const { stdout } = spawnSync('diff', ['-ru', at(STACKS), join(scratch, STACKS)], { encoding: 'utf8' })
        return {
          diff: stdout.replaceAll(join(scratch, STACKS), STACKS),
          after,
          trial: tryStacks(readAll(at(STACKS)), after, hook, pamTry),
        }
      } finally {
        rmSync(scratch, { recursive: true, force: true })
      }
    },

    /** Makes what was rehearsed true. Answers whether it did; if not, everything is as it was before. */
    enable(change: PamChange): boolean {
      const old = existsSync(installedProfile) ? readFileSync(installedProfile, 'latin1') : null
      if (old === null) save('before')
      let asPlanned = false
      try {
        use(profile)
        asPlanned = sameFiles(readAll(at(STACKS)), change.after)
      } finally {
        if (asPlanned) save('after')
        else if (old === null) forget()
        else use(old)
      }
      return asPlanned
    },

    /**
     * If nobody else has changed PAM since, every file is byte for byte what it was before.
     * @returns the lines that still call the hook, because somebody put them elsewhere
     * @throws {LocallyModified}
     */
    disable() {
      const untouched = unchangedSince('after')
      if (existsSync(installedProfile)) pamAuthUpdate([...rootArgs, '--remove', NAME], debconf)
      const left = callers()
      if (left.length > 0) return left
      if (untouched) restore()
      rmSync(installedProfile, { force: true })
      rmSync(backup, { recursive: true, force: true })
      return []
    },
  }
}

export type Pam = ReturnType<typeof createPam>

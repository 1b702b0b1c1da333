// Tries a new PAM stack in a private directory, with libpam itself: whatever the modules around it
// answer, and whatever the hook does, its verdict must be the one that the old stack gives.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Entry, parseStack, type Rule } from './stack.ts'

/** File name → text. */
export type Stacks = ReadonlyMap<string, string>

/** How the hook may behave: the verdict must not depend on it. */
const HOOKS = { works: '/usr/bin/touch', fails: '/bin/false', missing: '/nonexistent/pam-alert-hook' } as const

/** What pam-try is asked for each file, and when the hook must have run. */
const FILES: Record<string, { operation: string; hookRuns(granted: boolean): boolean | null }> = {
  'common-auth': { operation: 'authenticate', hookRuns: (granted) => !granted },
  'common-account': { operation: 'account', hookRuns: (granted) => !granted },
  'common-password': { operation: 'password', hookRuns: (granted) => granted },
  'common-session': { operation: 'open', hookRuns: (granted) => granted || null },
  'common-session-noninteractive': { operation: 'open', hookRuns: (granted) => granted || null },
}

/** Modules that stay themselves: their answer is fixed. */
const FIXED = new Set(['pam_deny.so', 'pam_permit.so'])

/** Above this many modules not every combination of answers is tried, but all, none, and each alone. */
const COMBINED_MAX = 5

export interface Trial {
  scenarios: number
  /** What came out differently; empty if the new stack may be used. */
  differences: string[]
}

function modulesOf(entries: readonly Entry[], hook: string): string[] {
  const rules = entries.filter((entry): entry is Rule => entry.kind === 'rule')
  return [...new Set(rules.filter((rule) => !FIXED.has(rule.module) && !rule.args.includes(hook)).map((r) => r.module))]
}

function answers(modules: readonly string[]): Set<string>[] {
  if (modules.length > COMBINED_MAX)
    return [new Set<string>(), new Set(modules), ...modules.map((module) => new Set([module]))]
  return Array.from({ length: 2 ** modules.length }, (_, bits) => new Set(modules.filter((_, i) => bits & (1 << i))))
}

/** The stack with stand-ins: granting modules permit, the others deny, and the hook is `command`. */
function staged(entries: readonly Entry[], granting: ReadonlySet<string>, hook: string, command: string): string {
  return entries
    .map((entry) => {
      if (entry.kind === 'other' || FIXED.has(entry.module)) return entry.raw
      const { type, control, module, args } = entry
      if (args.includes(hook)) return `${type} ${control} pam_exec.so quiet quiet_log ${command}`
      return `${type} ${control} ${granting.has(module) ? 'pam_permit.so' : 'pam_deny.so'}`
    })
    .join('\n')
}

/**
 * @param hook the path by which the hook's lines are known
 * @param pamTry the pam-try program
 */
export function tryStacks(before: Stacks, after: Stacks, hook: string, pamTry: string): Trial {
  const scratch = mkdtempSync(join(tmpdir(), 'pam-alert-trial-'))
  const marker = join(scratch, 'hook-ran')
  const differences: string[] = []
  let scenarios = 0

  function verdict(entries: readonly Entry[], granting: ReadonlySet<string>, command: string, operation: string) {
    rmSync(marker, { force: true })
    writeFileSync(join(scratch, 'trial'), staged(entries, granting, hook, command))
    const args = ['--confdir', scratch, '--service', 'trial', '--user', 'root', operation]
    const answer = execFileSync(pamTry, args, { encoding: 'utf8', input: '' }).trim()
    return { answer, granted: answer.startsWith(`${operation} 0 `), ran: existsSync(marker) }
  }

  try {
    for (const [file, { operation, hookRuns }] of Object.entries(FILES)) {
      const text = after.get(file)
      if (text === undefined) continue
      const old = parseStack(before.get(file) ?? '')
      const next = parseStack(text)
      for (const granting of answers(modulesOf(next, hook))) {
        const expected = verdict(old, granting, '', operation)
        for (const [behaviour, program] of Object.entries(HOOKS)) {
          const got = verdict(next, granting, `${program} ${marker}`, operation)
          const who = [...granting].join(', ') || 'no module'
          scenarios += 1
          if (got.answer !== expected.answer)
            differences.push(
              `${file}: ${who} grants, the hook ${behaviour}: "${expected.answer}" became "${got.answer}"`,
            )
          const must = hookRuns(got.granted)
          if (behaviour === 'works' && must !== null && got.ran !== must)
            differences.push(`${file}: ${who} grants: the hook ${must ? 'is not called' : 'is called'}`)
        }
      }
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
  return { scenarios, differences }
}

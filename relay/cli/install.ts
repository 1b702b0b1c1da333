// pam-alert install: relay on, PAM patched; everything is rehearsed, shown and asked before.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { createPam, LocallyModified, type Pam, type PamChange } from '../../pam/apply.ts'
import { mechanismOf } from '../../pam/distro.ts'
import { parseConfig } from '../model/config/config.ts'
import { groupsFor } from '../model/config/watch.ts'
import { EXIT, PamAlertError } from '../model/errors.ts'
import type { Paths } from '../model/paths.ts'
import { VERSION } from '../model/version.ts'
import { kinds } from '../notifiers/index.ts'
import { knownGroups, RELAY_USER } from '../privileges.ts'
import { type Init, initOf } from '../service/init.ts'
import { readConfig } from '../settings.ts'
import { ask } from './client.ts'
import { confirm, say, style } from './terminal.ts'
import { test } from './test.ts'

const RELAY_STARTS_WITHIN_MS = 15_000

export interface InstallOptions {
  yes?: boolean
  dryRun?: boolean
}

function run(command: string, ...args: string[]) {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' })
  if (error || status !== 0)
    throw new PamAlertError('step_failed', `${command} ${args.join(' ')}: ${error?.message ?? stderr.trim()}`)
}

/** @throws {PamAlertError} pam_unsupported, pam_modified, pam_trial_failed */
function rehearse(pam: Pam, paths: Paths, profile: string): PamChange {
  const mechanism = mechanismOf(paths.root)
  if (mechanism.kind === 'unknown') throw new PamAlertError('pam_unsupported', `found: ${mechanism.name}`)
  let change: PamChange
  try {
    change = pam.rehearse(join(paths.lib, 'pam-try'))
  } catch (error) {
    if (error instanceof LocallyModified)
      throw new PamAlertError(
        'pam_modified',
        `${error.message}\n\nThe lines of ${paths.lib}/pam-auth-update:\n${profile}`,
      )
    throw error
  }
  if (change.trial.differences.length > 0)
    throw new PamAlertError('pam_trial_failed', change.trial.differences.join('\n'))
  return change
}

function show({ diff, trial }: PamChange) {
  if (diff === '') return say('PAM calls the hook already; nothing to change there.')
  say(`The change to PAM, tried in a private directory (${trial.scenarios} cases, every verdict as before):\n`)
  for (const line of diff
    .trimEnd()
    .split('\n')
    .filter((line) => !line.startsWith('diff ')))
    say(line.startsWith('+') ? style('green', line) : line.startsWith('-') ? style('red', line) : line)
  say()
}

function makeUserAndDirectories(paths: Paths) {
  if (spawnSync('getent', ['passwd', RELAY_USER]).status !== 0)
    run(
      'useradd',
      '--system',
      '--user-group',
      '--no-create-home',
      '--home-dir',
      paths.stateDir,
      '--shell',
      '/usr/sbin/nologin',
      RELAY_USER,
    )
  mkdirSync(dirname(paths.config), { recursive: true, mode: 0o755 })
  run('install', '-d', '-o', 'root', '-g', 'root', '-m', '0700', paths.secrets)
  run('install', '-d', '-o', RELAY_USER, '-g', RELAY_USER, '-m', '0700', paths.stateDir)
  // The hook of root leaves events, the relay takes them out.
  run('install', '-d', '-o', 'root', '-g', RELAY_USER, '-m', '2770', paths.spool)
}

/** @throws {PamAlertError} relay_unreachable if it isn't up in time */
async function waitForRelay(paths: Paths) {
  const until = performance.now() + RELAY_STARTS_WITHIN_MS
  for (;;) {
    try {
      await ask(paths.socket, 'GET', '/health')
      return
    } catch (error) {
      if (performance.now() > until) throw error
      await pause(100)
    }
  }
}

async function startRelay(paths: Paths, init: Init) {
  init.enable()
  await waitForRelay(paths)
  say(`The relay is up (${init.name}).`)
  if (init.advice) say(style('yellow', init.advice))
}

/** What the watched logs ask for; a broken configuration is told of by the relay. */
function groupsOf(paths: Paths): string[] {
  const { config } = parseConfig(readConfig(paths.config) ?? '', kinds)
  return knownGroups(groupsFor(config?.watches ?? [])).map(({ name }) => name)
}

/** @throws {PamAlertError} */
export async function install(paths: Paths, { yes = false, dryRun = false }: InstallOptions) {
  if (process.geteuid?.() !== 0) throw new PamAlertError('not_root')
  for (const part of [paths.hook, join(paths.lib, 'pam-try'), join(paths.lib, 'pam-auth-update')])
    if (!existsSync(part)) throw new PamAlertError('not_installed', `${part} is missing`)
  const profile = readFileSync(join(paths.lib, 'pam-auth-update'), 'latin1')
  const pam = createPam(paths.root, paths.hook, profile)
  const change = rehearse(pam, paths, profile)
  show(change)
  if (dryRun) return say('Nothing was changed.')
  if (change.diff !== '' && !yes && !(await confirm('Apply it?'))) throw new PamAlertError('not_confirmed')

  makeUserAndDirectories(paths)
  // The relay first: the hook then finds a listener from the first login on.
  await startRelay(paths, initOf(paths, groupsOf(paths)))
  if (!pam.enable(change)) throw new PamAlertError('pam_not_as_planned')
  say('PAM calls the hook on every login from now on.\n')
  await test(paths, undefined, {})
  // A notifier that isn't reached yet is told above; the installation is done all the same.
  process.exitCode = EXIT.done
  const next = existsSync(paths.config) ? 'pam-alert tail' : `pam-alert config example > ${paths.config}`
  say(`\n${style('bold', `pam-alert ${VERSION} is installed.`)} Next: ${next}`)
}

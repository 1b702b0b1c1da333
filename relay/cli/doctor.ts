// pam-alert doctor: which logins are not told, why, and what to do about it. It changes nothing.
import { createPam } from '../../pam/apply.ts'
import { parseConfig } from '../model/config/config.ts'
import { readyRules } from '../model/config/watch.ts'
import { EXIT, PamAlertError } from '../model/errors.ts'
import type { Paths } from '../model/paths.ts'
import { kinds } from '../notifiers/index.ts'
import { readConfig } from '../settings.ts'
import { sshdSettings } from './sshd.ts'
import { say, sayJson, style } from './terminal.ts'

export interface Finding {
  /** What is not told. */
  gap: string
  why: string
  remedy: string
  /** What the remedy says to add. */
  lines: readonly string[]
}

/** pam-auth-update writes the common-* files; a service that takes none of them in is the operator's to change. */
function ofPam(paths: Paths): Finding[] {
  const pam = createPam(paths.root, paths.hook, '')
  const lines = pam.callers()
  if (lines.length === 0)
    return [{ gap: 'every login', why: 'no line in /etc/pam.d calls the hook', remedy: 'pam-alert install', lines: [] }]
  return pam.uncovered().map(({ service, types }) => ({
    gap: `${service}: ${types.join(', ')}`,
    why: `/etc/pam.d/${service} includes no file that calls the hook`,
    remedy: `add to /etc/pam.d/${service}`,
    lines: types.flatMap((type) => lines.find((line) => line.type === type)?.raw ?? []),
  }))
}

/**
 * @param settings of sshd; null: there is none
 * @param config where a watch of its log belongs
 */
export function ofSshd(settings: ReadonlyMap<string, string> | null, config: string): Finding[] {
  if (settings === null) return []
  if (settings.get('usepam') !== 'yes')
    return [
      {
        gap: 'every ssh login',
        why: 'sshd does not ask PAM: UsePAM no',
        remedy: 'set "UsePAM yes" in /etc/ssh/sshd_config, and reload sshd',
        lines: [],
      },
    ]
  const asks = ['passwordauthentication', 'kbdinteractiveauthentication'].some((name) => settings.get(name) === 'yes')
  return [
    {
      gap: asks ? 'refused ssh keys' : 'refused ssh logins',
      why: asks ? 'sshd asks PAM about passwords only' : 'sshd takes no passwords, and asks PAM about nothing else',
      remedy: `watch its log: add to ${config}, then run pam-alert install`,
      lines: ['[[watch]]', 'journal = true', 'identifiers = ["sshd", "sshd-session"]', 'rules = ["openssh"]'],
    },
  ]
}

/** A log tells of every attempt, whomever sshd asks; a broken configuration is told of by the relay. */
function watchesSshd(paths: Paths): boolean {
  const { config } = parseConfig(readConfig(paths.config) ?? '', kinds)
  const [rule] = readyRules('openssh')
  return config?.watches.some(({ reading }) => rule !== undefined && reading.rules.includes(rule)) ?? false
}

/** @throws {PamAlertError} not_root, config_unreadable */
export function doctor(paths: Paths, { json = false }: { json?: boolean }) {
  if (process.geteuid?.() !== 0) throw new PamAlertError('not_root')
  const findings = [...ofPam(paths), ...(watchesSshd(paths) ? [] : ofSshd(sshdSettings(), paths.config))]
  if (findings.length > 0) process.exitCode = EXIT.notSo
  if (json) return sayJson({ findings })
  for (const { gap, why, remedy, lines } of findings) {
    say(`${style('yellow', 'not told')}  ${style('bold', gap)}`)
    say(`    why: ${why}`)
    say(`    remedy: ${remedy}`)
    if (lines.length > 0) say(['', ...lines, ''].join('\n'))
  }
  if (findings.length === 0) say(style('green', 'Whoever logs in here, by whatever asks PAM, is told.'))
}

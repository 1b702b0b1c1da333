// pam-alert doctor: which logins are not told, why, and what to do about it. It changes nothing.
import { createPam } from '../../pam/apply.ts'
import { EXIT, PamAlertError } from '../model/errors.ts'
import type { Paths } from '../model/paths.ts'
import { sshdSettings } from './sshd.ts'
import { say, sayJson, style } from './terminal.ts'

export interface Finding {
  /** What is not told. */
  gap: string
  why: string
  remedy: string
}

/** pam-auth-update writes the common-* files; a service that takes none of them in is the operator's to change. */
function ofPam(paths: Paths): Finding[] {
  const pam = createPam(paths.root, paths.hook, '')
  const lines = pam.callers()
  if (lines.length === 0)
    return [{ gap: 'every login', why: 'no line in /etc/pam.d calls the hook', remedy: 'pam-alert install' }]
  return pam.uncovered().map(({ service, types }) => ({
    gap: `${service}: ${types.join(', ')}`,
    why: `/etc/pam.d/${service} includes no file that calls the hook`,
    remedy: `add to it: ${types.flatMap((type) => lines.find((line) => line.type === type)?.raw ?? []).join('\n')}`,
  }))
}

/** @param settings of sshd; null: there is none */
export function ofSshd(settings: ReadonlyMap<string, string> | null): Finding[] {
  if (settings === null) return []
  if (settings.get('usepam') !== 'yes')
    return [
      {
        gap: 'every ssh login',
        why: 'sshd does not ask PAM: UsePAM no',
        remedy: 'set "UsePAM yes" in /etc/ssh/sshd_config, and reload sshd',
      },
    ]
  const asks = ['passwordauthentication', 'kbdinteractiveauthentication'].some((name) => settings.get(name) === 'yes')
  return [
    {
      gap: asks ? 'refused ssh keys' : 'refused ssh logins',
      why: asks ? 'sshd asks PAM about passwords only' : 'sshd takes no passwords, and asks PAM about nothing else',
      remedy: 'none in PAM; only the log of sshd tells',
    },
  ]
}

/** @throws {PamAlertError} not_root */
export function doctor(paths: Paths, { json = false }: { json?: boolean }) {
  if (process.geteuid?.() !== 0) throw new PamAlertError('not_root')
  const findings = [...ofPam(paths), ...ofSshd(sshdSettings())]
  if (findings.length > 0) process.exitCode = EXIT.notSo
  if (json) return sayJson({ findings })
  for (const { gap, why, remedy } of findings) {
    say(`${style('yellow', 'not told')}  ${style('bold', gap)}`)
    say(`    why: ${why}`)
    say(`    remedy: ${remedy.replaceAll('\n', '\n            ')}`)
  }
  if (findings.length === 0) say(style('green', 'Whoever logs in here, by whatever asks PAM, is told.'))
}

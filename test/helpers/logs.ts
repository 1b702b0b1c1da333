// Lines of logs, made up after what sshd, su and PAM's modules write.
import { readyRules } from '../../relay/model/config/watch.ts'
import type { LogEvent } from '../../relay/model/event.ts'
import { createInterpreter, type Reading } from '../../relay/model/log/interpreter.ts'
import { parseLine } from '../../relay/model/log/line.ts'
import { ruleSets } from '../../relay/model/log/rules/index.ts'
import { yearsUntil } from '../../relay/model/log/time.ts'

export const readyMade = (...sets: string[]): Reading => ({
  rules: (sets.length > 0 ? sets : Object.keys(ruleSets)).flatMap(readyRules),
  ignores: () => false,
  threshold: null,
})

/** A second of one morning, as syslog writes it since RFC 5424. */
export const at = (second: number, text: string) =>
  `2026-11-20T08:${String(Math.floor(second / 60)).padStart(2, '0')}:${String(second % 60).padStart(2, '0')}.000000+00:00 web-1 ${text}`

/** What these lines become, in order; null: nothing. */
export function eventsOf(lines: readonly string[], readings: readonly Reading[] = [readyMade()]): (LogEvent | null)[] {
  const interpreter = createInterpreter('/var/log/auth.log', readings, {})
  const years = yearsUntil(() => Date.parse('2026-11-21T00:00:00Z'))
  return lines.map((line, i) =>
    interpreter.read(
      parseLine({ bytes: Buffer.from(line), cut: null }, years),
      `place ${i}`,
      '2026-11-20T09:00:00.000000Z',
    ),
  )
}

export const pamFailure = (user: string | null, rhost = '192.0.2.7') =>
  `pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=${rhost} ${user === null ? '' : ` user=${user}`}`

// The ready-made rule sets, by the name that a configuration uses.
import type { RuleText } from '../rule.ts'
import { su, sudo } from './become.ts'
import { openssh } from './openssh.ts'
import { authenticationFailure, login } from './pam.ts'
import { dovecot, vsftpd } from './services.ts'

/** The last is for whatever the others don't know. */
export const ruleSets: Readonly<Record<string, readonly RuleText[]>> = {
  openssh,
  su,
  sudo,
  login,
  vsftpd,
  dovecot,
  'authentication-failure': authenticationFailure,
}

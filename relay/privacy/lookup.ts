// Asks the system whether a user exists, wherever it keeps its users: files, LDAP, SSSD. In a process of its own,
// for the C library's answer may take as long as the network.
import { execFile } from 'node:child_process'

const ANSWER_WITHIN_MS = 2000

/** getent(1). A directory may write the name in another case; a number would be asked for as a user's number. */
export function userExists(name: string): Promise<boolean> {
  return new Promise((resolve) => {
    const options = { timeout: ANSWER_WITHIN_MS, killSignal: 'SIGKILL', env: { PATH: '/usr/bin:/bin' } } as const
    execFile('getent', ['passwd', '--', name], options, (error, stdout) =>
      // No such user, no answer in time, or no getent: it stays unknown.
      resolve(error === null && stdout.split(':')[0]?.toLowerCase() === name.toLowerCase()),
    )
  })
}

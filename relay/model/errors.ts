// Every fault that a person can meet: one table of code, message, remedy and exit status.

/** Exit statuses of the command. */
export const EXIT = {
  done: 0,
  notSo: 1,
  usage: 2,
  notPermitted: 3,
  systemFailed: 4,
} as const

interface Fault {
  message: string
  hint: string
  exit: number
}

export const FAULTS = {
  not_root: {
    message: 'only root may do this',
    hint: 'Run it again with sudo; nothing was changed.',
    exit: EXIT.notPermitted,
  },
  usage: {
    message: 'the command line is not right',
    hint: 'pam-alert --help lists the verbs, pam-alert VERB --help its options.',
    exit: EXIT.usage,
  },
  config_invalid: {
    message: 'the configuration has errors',
    hint: 'Mend the lines named above; pam-alert config example prints a working file.',
    exit: EXIT.notSo,
  },
  config_unreadable: {
    message: 'the configuration cannot be read',
    hint: 'It must be a plain file that root can read; without one every login goes to the journal.',
    exit: EXIT.systemFailed,
  },
  log_unreadable: {
    message: 'the log cannot be read',
    hint: 'Look for its name, and whether you may read it; pam-alert replay - takes it from standard input.',
    exit: EXIT.notSo,
  },
  relay_unreachable: {
    message: 'the relay does not answer',
    hint: 'Start it: systemctl start pam-alert, or /etc/init.d/pam-alert start. If it ends: journalctl -u pam-alert, or /var/log/pam-alert.log.',
    exit: EXIT.systemFailed,
  },
  relay_refused: {
    message: 'the relay refused the request',
    hint: 'The message above says why.',
    exit: EXIT.notSo,
  },
  store_unusable: {
    message: 'the event store cannot be used',
    hint: 'Look for space, owner and mode of /var/lib/pam-alert; it belongs to the user pam-alert.',
    exit: EXIT.systemFailed,
  },
  store_newer: {
    message: 'the event store was written by a newer release',
    hint: 'Install that release again; nothing was touched.',
    exit: EXIT.systemFailed,
  },
  socket_taken: {
    message: 'another relay listens on the socket',
    hint: 'Stop it first: systemctl stop pam-alert, or /etc/init.d/pam-alert stop.',
    exit: EXIT.systemFailed,
  },
  pam_unsupported: {
    message: 'this system has no way of changing PAM that pam-alert knows',
    hint: 'It needs pam-auth-update (Debian, Ubuntu). Nothing was changed.',
    exit: EXIT.notSo,
  },
  pam_modified: {
    message: 'pam-auth-update reports local modifications and leaves the files alone',
    hint: 'Add the lines printed above by hand, or undo the local changes and run this again. Nothing was changed.',
    exit: EXIT.notSo,
  },
  pam_trial_failed: {
    message: 'the new PAM stack would decide differently from the old one',
    hint: 'Nothing was changed. Please report this with the lines above.',
    exit: EXIT.notSo,
  },
  pam_not_as_planned: {
    message: 'pam-auth-update did not write what was planned',
    hint: 'The files are as they were before.',
    exit: EXIT.systemFailed,
  },
  pam_not_removed: {
    message: 'the pam-alert lines are still in /etc/pam.d',
    hint: 'Take out the lines named above by hand, then run pam-alert uninstall again. The hook stays until then.',
    exit: EXIT.notSo,
  },
  not_installed: {
    message: 'pam-alert is not installed here',
    hint: 'Run ./install.sh from the source tree first.',
    exit: EXIT.notSo,
  },
  not_confirmed: {
    message: 'not confirmed',
    hint: 'Nothing was changed. --yes answers for you.',
    exit: EXIT.notSo,
  },
  no_answer: {
    message: 'a question got no answer',
    hint: 'Nothing was changed. Answers come from the terminal, or from standard input, a line each.',
    exit: EXIT.notSo,
  },
  x_app_refused: {
    message: 'X does not know this consumer key and secret',
    hint: 'Compare them with the app at https://console.x.com; it needs "Read and write and Direct message".',
    exit: EXIT.notSo,
  },
  x_wrong_pin: {
    message: 'X does not take this PIN',
    hint: 'A PIN works once and for a few minutes: run this again, open the new address, type the new PIN.',
    exit: EXIT.notSo,
  },
  x_revoked: {
    message: 'X lets these tokens in no more',
    hint: 'The account or the app has taken the permission back: run this again and allow it.',
    exit: EXIT.notSo,
  },
  x_clock_off: {
    message: 'X refuses requests from a machine whose clock is off',
    hint: 'Set the clock, e.g. timedatectl set-ntp true, then run this again.',
    exit: EXIT.systemFailed,
  },
  x_no_account: {
    message: 'X has no such account',
    hint: 'Give its name as X shows it, or its numeric id.',
    exit: EXIT.notSo,
  },
  x_unreachable: {
    message: 'X cannot be reached, or is busy',
    hint: 'Try again later; a host behind a proxy needs [network] proxy in the configuration.',
    exit: EXIT.systemFailed,
  },
  x_not_sent: {
    message: 'the account is authorized, but its first message failed',
    hint: 'The tokens are stored. Mend what the line above says, then: pam-alert test NOTIFIER.',
    exit: EXIT.notSo,
  },
  monitis_refused: {
    message: 'the Monitis service did not give its monitor',
    hint: 'Look at url, apikey_file and secretkey_file of the notifier, then run this again: it makes no second one.',
    exit: EXIT.systemFailed,
  },
  step_failed: {
    message: 'a step failed',
    hint: 'The command and what it printed stand above.',
    exit: EXIT.systemFailed,
  },
} as const satisfies Record<string, Fault>

export type FaultCode = keyof typeof FAULTS

/** A fault of the operator's or the system's, told in words; anything else that is thrown is a bug. */
export class PamAlertError extends Error {
  readonly code: FaultCode
  readonly hint: string
  readonly exit: number

  /** @param detail what exactly, and where; one or more lines printed before the message */
  constructor(code: FaultCode, detail = '') {
    const fault: Fault = FAULTS[code]
    super(detail ? `${detail}\n${fault.message}` : fault.message)
    this.code = code
    this.hint = fault.hint
    this.exit = fault.exit
  }
}

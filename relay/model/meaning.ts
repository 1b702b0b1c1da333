// What an event means: derived after the commit, kept beside the record, delivered with it.

export interface Source {
  /** Numeric, where PAM or sshd told one. */
  address: string | null
  port: number | null
  /** PAM_RHOST where it isn't an address, e.g. under UseDNS. */
  name: string | null
}

export interface Key {
  /** As in authorized_keys, e.g. ssh-ed25519. */
  type: string
  /** As ssh-keygen -l prints it: SHA256 and unpadded base64. */
  fingerprint: string
  name: string | null
}

export interface Meaning {
  /** null: not from the network. */
  source: Source | null
  /** sshd's words: publickey, password, keyboard-interactive/pam …; null where nobody told. */
  method: string | null
  key: Key | null
}

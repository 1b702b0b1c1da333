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

/**
 * What can be new in a login. `user`: nobody ever got in under this name, or, where somebody became
 * somebody else (su, sudo), this one never became that one. The others: this user never got in from this
 * address, from its /24 or /48, with this key, by this method, through this service.
 */
export const FIRSTS = ['user', 'source', 'network', 'key', 'method', 'service'] as const
export type First = (typeof FIRSTS)[number]

/** A session that this event closes. */
export interface Session {
  /** RFC 3339, UTC. */
  opened: string
  seconds: number
  /** What its user became meanwhile: service (su, sudo ...) → how often. */
  inside: Readonly<Record<string, number>>
}

/** What the supplied databases say of the source. */
export interface Place {
  /** ISO 3166-1, two letters. */
  country: string | null
  /** Who has the network. */
  network: string | null
}

/** What the same source did before. */
export interface Attack {
  /** brute_force: one more refusal of many. break_in: let in after many. */
  situation: 'brute_force' | 'break_in'
  /** Refusals so far, this one included. */
  failures: number
  /** Under how many names; `more`: at least. */
  users: number
  more: boolean
  /** RFC 3339, UTC: the first of them. */
  since: string
}

/** What an account may do on this machine. */
export interface Standing {
  /** It has root's powers: it is root's, or in the group sudo, wheel or admin. */
  admin: boolean
  /** As in /etc/group, its own first. */
  groups: readonly string[]
}

export interface Meaning extends Standing {
  /** Who, as it may be shown: a name, or the token of one that no user has; null: PAM named nobody. */
  user: string | null
  /** null: not from the network. */
  source: Source | null
  /** sshd's words: publickey, password, keyboard-interactive/pam …; null where nobody told. */
  method: string | null
  key: Key | null
  /** What was never seen before. Only who got in teaches; who was refused is compared with that. */
  first: readonly First[]
  /** null: it closes none, or none that was seen being opened. */
  session: Session | null
  place: Place | null
  /** null: nothing that this belongs to. */
  attack: Attack | null
  /** Of how many attempts it is the first to tell, where a log is watched, too; 0: others told of them all. */
  tells?: number
  /** The event that told of the same attempt first. */
  same_as?: number
}

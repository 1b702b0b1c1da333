// [privacy]: what may be kept of whom.

/** hide: nothing. token: a word that groups. network: an address with its last part zero. */
export type Mask = 'hide' | 'token' | 'network'
const FIELDS = ['user', 'ruser', 'tty', 'source', 'key'] as const

export interface PrivacyConfig {
  showUnknownUsers: boolean
  mask: { readonly [field in (typeof FIELDS)[number]]?: Mask }
}

const word = { enum: ['hide', 'token'] } as const

export const privacySchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    show_unknown_users: { type: 'boolean' },
    mask: {
      type: 'object',
      additionalProperties: false,
      properties: {
        user: word,
        ruser: word,
        tty: word,
        source: { enum: ['hide', 'token', 'network'] },
        key: { enum: ['hide'] },
      },
    },
  },
} as const

export interface RawPrivacy {
  show_unknown_users?: boolean
  mask?: PrivacyConfig['mask']
}

export const privacyFrom = (raw: RawPrivacy = {}): PrivacyConfig => ({
  showUnknownUsers: raw.show_unknown_users ?? false,
  mask: raw.mask ?? {},
})

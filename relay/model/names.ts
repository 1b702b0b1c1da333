// User names that are no user's: what stands in their place, and taking them out of texts.

/** Stands for a name that nobody has here; the same name gives the same one. */
const UNKNOWN = /^#[a-z2-7]{6}$/

export const isUnknown = (user: string | null): boolean => user !== null && UNKNOWN.test(user)

/** As a person reads it. */
export const userInWords = (user: string | null): string =>
  user === null ? 'someone' : isUnknown(user) ? `unknown user ${user}` : user

/** An event, or what is left of one, that nobody could read: its names are taken out before it is kept. */
export const withoutNames = (json: string): string =>
  json.replace(/("(?:user|ruser)"\s*:\s*)"(?:[^"\\]|\\[\s\S])*(?:"|\\?$)/g, '$1"#"')

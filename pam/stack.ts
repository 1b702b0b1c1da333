// Parses a PAM configuration file line by line and prints it again, byte for byte; pam.conf(5).

export interface Rule {
  kind: 'rule'
  /** auth, account, password or session; without the "-" that hides a missing module. */
  type: string
  /** required, optional … or what stands in brackets, with them. */
  control: string
  module: string
  args: readonly string[]
  raw: string
  line: number
}

export interface Other {
  kind: 'other'
  raw: string
  line: number
}

export type Entry = Rule | Other

const RULE = /^\s*-?(auth|account|password|session)\s+(\[[^\]]*\]|\w+)\s+(\S+)\s*(.*?)\s*$/is

/** Raw lines joined by "\n" give the text back; a rule that goes on behind a backslash is one entry. */
export function parseStack(text: string): Entry[] {
  const entries: Entry[] = []
  const lines = text.split('\n')
  for (let i = 0; i < lines.length; i++) {
    const line = i + 1
    let raw = lines[i] ?? ''
    while (raw.endsWith('\\') && !raw.trimStart().startsWith('#') && i + 1 < lines.length) raw += `\n${lines[++i]}`
    const found = RULE.exec(raw.replaceAll('\\\n', ' ').replace(/#.*$/s, ''))
    entries.push(
      found
        ? {
            kind: 'rule',
            type: (found[1] ?? '').toLowerCase(),
            control: found[2] ?? '',
            module: found[3] ?? '',
            args: found[4]?.match(/\[(?:\\\]|[^\]])*\]|\S+/g) ?? [],
            raw,
            line,
          }
        : { kind: 'other', raw, line },
    )
  }
  return entries
}

export function printStack(entries: readonly Entry[]): string {
  return entries.map(({ raw }) => raw).join('\n')
}

/** The rules that run the program at `path`. */
export function rulesThatRun(entries: readonly Entry[], path: string): Rule[] {
  return entries.filter((entry): entry is Rule => entry.kind === 'rule' && entry.args.includes(path))
}

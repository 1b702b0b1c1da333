// The machine's own accounts, as /etc/passwd and /etc/group have them now. It asks no directory service.
import type { Standing } from '../model/meaning.ts'
import type { Paths } from '../model/paths.ts'
import { createView } from './view.ts'

/** Members may become root: Debian's and Ubuntu's, Red Hat's and Arch's, old Ubuntu's. */
const ADMIN_GROUPS = new Set(['sudo', 'wheel', 'admin'])

export interface Account {
  name: string
  uid: number
  gid: number
  home: string
}

const fieldsOf = (text: string) => text.split('\n').map((line) => line.split(':'))

/** passwd(5) */
function parsePasswd(text: string): Map<string, Account> {
  const accounts = fieldsOf(text).flatMap(([name = '', , uid, gid, , home = '']) =>
    name === '' || uid === undefined ? [] : [{ name, uid: Number(uid), gid: Number(gid), home }],
  )
  return new Map(accounts.map((account) => [account.name, account]))
}

/** group(5): the groups' names by their numbers, and by their members. */
function parseGroup(text: string) {
  const names = new Map<number, string>()
  const ofMember = new Map<string, string[]>()
  for (const [name = '', , gid, members = ''] of fieldsOf(text)) {
    if (name === '' || gid === undefined) continue
    names.set(Number(gid), name)
    for (const member of members.split(',').filter(Boolean))
      ofMember.set(member, [...(ofMember.get(member) ?? []), name])
  }
  return { names, ofMember }
}

export function createAccounts({ passwd, group }: Pick<Paths, 'passwd' | 'group'>) {
  const accounts = createView(passwd, parsePasswd)
  const groups = createView(group, parseGroup)

  return {
    all: (): Iterable<Account> => accounts().values(),
    has: (name: string): boolean => accounts().has(name),

    /** Its groups, and whether it has root's powers or may take them. */
    standing(name: string): Standing {
      const account = accounts().get(name)
      const { names, ofMember } = groups()
      const own = account === undefined ? undefined : names.get(account.gid)
      const all = [...new Set([...(own === undefined ? [] : [own]), ...(ofMember.get(name) ?? [])])]
      const admin = name === 'root' || account?.uid === 0 || all.some((group) => ADMIN_GROUPS.has(group))
      return { admin, groups: all }
    },
  }
}

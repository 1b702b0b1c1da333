// The machine's own accounts, as /etc/passwd and /etc/group have them now. It asks no directory service.
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

/** group(5): the members of the admin groups, and the groups' numbers. */
function parseGroup(text: string) {
  const groups = fieldsOf(text).filter(([name = '']) => ADMIN_GROUPS.has(name))
  return {
    members: new Set(groups.flatMap(([, , , members = '']) => members.split(','))),
    gids: new Set(groups.map(([, , gid]) => Number(gid))),
  }
}

export function createAccounts({ passwd, group }: Pick<Paths, 'passwd' | 'group'>) {
  const accounts = createView(passwd, parsePasswd)
  const admins = createView(group, parseGroup)

  return {
    all: (): Iterable<Account> => accounts().values(),
    has: (name: string): boolean => accounts().has(name),

    /** Has root's powers, or may take them. */
    admin(name: string): boolean {
      const account = accounts().get(name)
      const { members, gids } = admins()
      return (
        name === 'root' || account?.uid === 0 || members.has(name) || (account !== undefined && gids.has(account.gid))
      )
    },
  }
}

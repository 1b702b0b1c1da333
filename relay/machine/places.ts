// Where an address is and who has its network, by the MMDB files that the operator supplies; they are
// read, and the library for them loaded, only if there are any.
import type { Logger } from 'pino'
import type { Place } from '../model/meaning.ts'

/** The fields that MaxMind's and DB-IP's files, and those of IPinfo, have. */
interface Entry {
  country?: { iso_code?: unknown }
  country_code?: unknown
  autonomous_system_organization?: unknown
  as_name?: unknown
}

type Lookup = (address: string) => Entry | null

const textOr = (...values: unknown[]) => values.find((value) => typeof value === 'string') as string | undefined

/** @throws what the disk or the library says of the file */
async function openFile(path: string): Promise<Lookup> {
  const { open } = await import('maxmind')
  const reader = await open(path)
  return (address) => reader.get(address) as Entry | null
}

export function createPlaces(log: Logger) {
  let databases: Lookup[] = []
  let problems: string[] = []
  let asked = 0

  return {
    problems: (): readonly string[] => problems,

    /** Until they are read, the ones before are at work. */
    async use(paths: readonly string[]) {
      asked += 1
      const turn = asked
      const opened = await Promise.allSettled(paths.map(openFile))
      if (turn !== asked) return
      databases = opened.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
      problems = opened.flatMap((result, i) =>
        result.status === 'rejected' ? [`geo database ${paths[i]}: ${(result.reason as Error).message}`] : [],
      )
      if (problems.length > 0) log.error({ problems }, 'geo database not loaded')
    },

    /** null: none of them knows. */
    of(address: string): Place | null {
      const entries = databases.map((lookup) => lookup(address)).filter((entry) => entry !== null)
      const first = (pick: (entry: Entry) => string | undefined) => entries.map(pick).find((value) => value) ?? null
      const country = first((entry) => textOr(entry.country?.iso_code, entry.country_code))
      const network = first((entry) => textOr(entry.autonomous_system_organization, entry.as_name))
      return country === null && network === null ? null : { country, network }
    },
  }
}

// A disk that has promised nothing but what was synced: contents by fsync of the file, names by fsync
// of the directory. When the power goes, any part of the rest is there or not.
import { dirname } from 'node:path'
import type { Step } from './trace.ts'

/** The least that a disk writes whole. */
const SECTOR = 512

type Change = { at: number; bytes: Buffer } | { size: number }

interface File {
  kept: Buffer
  changes: Change[]
}

/** What one call did to names; null: the name goes away. A journal keeps all of it or nothing. */
type Naming = readonly [path: string, file: File | null][]

/** Asked for each part that was not synced. */
export type Survives = () => boolean

function written(kept: Buffer, changes: readonly Change[]): Buffer {
  let content = Buffer.from(kept)
  const resize = (size: number) => {
    content = Buffer.concat([content], size)
  }
  for (const change of changes) {
    if ('size' in change) resize(change.size)
    else {
      const end = change.at + change.bytes.length
      if (end > content.length) resize(end)
      change.bytes.copy(content, change.at)
    }
  }
  return content
}

function sectors(change: Change): Change[] {
  if ('size' in change) return [change]
  const { at, bytes } = change
  const parts: Change[] = []
  for (let from = 0, to = 0; from < bytes.length; from = to) {
    to = Math.min(bytes.length, from + SECTOR - ((at + from) % SECTOR))
    parts.push({ at: at + from, bytes: bytes.subarray(from, to) })
  }
  return parts
}

function apply(names: Map<string, File>, naming: Naming) {
  for (const [path, file] of naming)
    if (file === null) names.delete(path)
    else names.set(path, file)
}

const isIn = (directory: string, naming: Naming) => naming.some(([path]) => dirname(path) === directory)

/** @param present files that were there, and synced, before: path → content */
export function createDisk(present: ReadonlyMap<string, Buffer>) {
  const files = [...present].map(([path, kept]): [string, File] => [path, { kept, changes: [] }])
  const names = new Map(files)
  const keptNames = new Map(files)
  /** Where the next write(2) goes. */
  const positions = new Map<string, number>()
  let unkept: Naming[] = []

  function name(...naming: Naming) {
    apply(names, naming)
    unkept.push(naming)
  }

  function write(path: string, at: number, bytes: Buffer) {
    names.get(path)?.changes.push({ at, bytes })
    return at + bytes.length
  }

  function sync(path: string) {
    for (const naming of unkept) if (isIn(path, naming)) apply(keptNames, naming)
    unkept = unkept.filter((naming) => !isIn(path, naming))
    const file = names.get(path)
    if (file === undefined) return
    file.kept = written(file.kept, file.changes)
    file.changes = []
  }

  return {
    do(step: Step) {
      switch (step.does) {
        case 'open':
          positions.set(step.path, 0)
          if (step.create && !names.has(step.path)) name([step.path, { kept: Buffer.alloc(0), changes: [] }])
          if (step.truncate) names.get(step.path)?.changes.push({ size: 0 })
          break
        case 'write':
          if (step.at !== null) write(step.path, step.at, step.bytes)
          else positions.set(step.path, write(step.path, positions.get(step.path) ?? 0, step.bytes))
          break
        case 'truncate':
          names.get(step.path)?.changes.push({ size: step.size })
          break
        case 'sync':
          sync(step.path)
          break
        case 'link':
          name([step.to, names.get(step.path) ?? null])
          break
        case 'rename':
          name([step.to, names.get(step.path) ?? null], [step.path, null])
          break
        case 'unlink':
          name([step.path, null])
      }
    },

    /** What is found when the power is back. It changes nothing here. */
    afterPowerLoss(survives: Survives): Map<string, Buffer> {
      const found = new Map(keptNames)
      for (const naming of unkept) if (survives()) apply(found, naming)
      const content = ({ kept, changes }: File) => written(kept, changes.flatMap(sectors).filter(survives))
      return new Map([...found].map(([path, file]) => [path, content(file)]))
    },
  }
}

// Who may import whom. The house stands on this; whoever must break it should change the plan first.
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { describe, test } from 'node:test'

const top = join(import.meta.dirname, '..')

/** Files of relay/ that a stage may use beside model/; they use model/ and their own folder only. */
const LEAVES = [
  'relay/notifiers/',
  'relay/db/',
  'relay/service/',
  'relay/sign.ts',
  'relay/spool.ts',
  'relay/notice.ts',
  'relay/watch/',
  'relay/machine/',
  'relay/privacy.ts',
  'relay/privacy/',
  'pam/',
]
/** What leaves may use beside them. */
const TOOLS = ['relay/lookout.ts']
const STAGES = [
  'socket',
  'intake',
  'store',
  'enrich',
  'twins',
  'attempts',
  'route',
  'inhibit',
  'expect',
  'group',
  'daily',
  'deliver',
  'history',
  'retention',
  'dead',
  'emergency',
  'ops',
].map((name) => `relay/${name}.ts`)
/** Stages without state or effect, which the command may ask, too. */
const PURE = ['relay/route.ts']
/** They know the stages and their order: of what happens, of what has happened, and what both have in common. */
const WIRINGS = ['relay/main.ts', 'relay/core.ts', 'relay/onward.ts', 'relay/replay.ts']
/** What the command runs of them, each by one verb. */
const RUNS: Record<string, string> = { 'relay/main.ts': 'relay/cli/relay.ts', 'relay/replay.ts': 'relay/cli/replay.ts' }
const isWiring = (file: string) => WIRINGS.includes(file)
/** What main.ts and the command share: reading settings, giving up root. */
const EDGES = ['relay/settings.ts', 'relay/privileges.ts']

/** The stage that a file belongs to: relay/deliver.ts may have rooms of its own below relay/deliver/. */
const stageOf = (file: string) => STAGES.find((stage) => file === stage || file.startsWith(stage.replace('.ts', '/')))
const folderOf = (file: string) =>
  LEAVES.find((leaf) => leaf.endsWith('/') && file.startsWith(leaf)) ?? `${dirname(file)}/`
const isLeaf = (file: string) => LEAVES.some((leaf) => file.startsWith(leaf))
const inModel = (file: string) => file.startsWith('relay/model/') || file === 'package.json'

interface Import {
  from: string
  to: string
  typeOnly: boolean
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(top, file), 'utf8')
  const found = text.matchAll(
    /(?:^|\n)(import type|import|export)\b[^'"\n;]*?(?:\{[^}]*\}\s*)?(?:from\s+)?['"](\.[^'"]+)['"]|import\(['"](\.[^'"]+)['"]\)/g,
  )
  return [...found].map(([, kind, fixed, lazy]) => ({
    from: file,
    to: normalize(join(dirname(file), fixed ?? lazy ?? '')),
    typeOnly: kind === 'import type',
  }))
}

const files = globSync(['relay/**/*.ts', 'pam/**/*.ts'], { cwd: top }).sort()
const imports = files.flatMap(importsOf)
const broken = (rule: (i: Import) => boolean) =>
  imports.filter((i) => !rule(i)).map(({ from, to }) => `${from} imports ${to}`)

describe('the layers', () => {
  test('the reader of this test sees the imports', () => {
    assert.ok(files.length > 40 && imports.length > 100, `${files.length} files, ${imports.length} imports`)
    assert.ok(imports.some(({ from, to }) => from === 'relay/core.ts' && to === 'relay/store.ts'))
    assert.ok(imports.some(({ from, to }) => from === 'relay/cli/main.ts' && to === 'relay/cli/install.ts'))
  })

  test('every file has its place', () => {
    const known = (file: string) =>
      inModel(file) ||
      isLeaf(file) ||
      TOOLS.includes(file) ||
      stageOf(file) !== undefined ||
      EDGES.includes(file) ||
      file.startsWith('relay/cli/') ||
      isWiring(file)
    assert.deepEqual(
      files.filter((file) => !known(file)),
      [],
    )
  })

  test('model/ imports nothing of ours but model/', () => {
    assert.deepEqual(
      broken(({ from, to }) => !inModel(from) || inModel(to)),
      [],
    )
  })

  test('a leaf imports model/, its own folder and what all may use; that imports model/', () => {
    assert.deepEqual(
      broken(({ from, to }) => !isLeaf(from) || inModel(to) || to.startsWith(folderOf(from)) || TOOLS.includes(to)),
      [],
    )
    assert.deepEqual(
      broken(({ from, to }) => !TOOLS.includes(from) || inModel(to)),
      [],
    )
  })

  test('a stage imports model/ and leaves, never another stage', () => {
    assert.deepEqual(
      broken(({ from, to }) => !stageOf(from) || inModel(to) || isLeaf(to) || stageOf(from) === stageOf(to)),
      [],
    )
  })

  test('only main.ts, core.ts, onward.ts and replay.ts know the stages; the command knows their types at most, and two of those only to run them', () => {
    assert.deepEqual(
      broken(
        ({ from, to, typeOnly }) =>
          !stageOf(to) ||
          stageOf(from) === stageOf(to) ||
          isWiring(from) ||
          (from.startsWith('relay/cli/') && (typeOnly || PURE.includes(to))),
      ),
      [],
    )
    assert.deepEqual(
      broken(({ from, to }) => !isWiring(to) || isWiring(from) || from === RUNS[to]),
      [],
    )
  })

  test('nothing goes round in circles', () => {
    const next = Map.groupBy(imports, ({ from }) => from)
    const state = new Map<string, 'open' | 'done'>()
    const circles: string[] = []
    const visit = (file: string, trail: string[]) => {
      if (state.get(file) === 'open') circles.push([...trail.slice(trail.indexOf(file)), file].join(' → '))
      if (state.has(file)) return
      state.set(file, 'open')
      for (const { to } of next.get(file) ?? []) visit(to, [...trail, file])
      state.set(file, 'done')
    }
    for (const file of files) visit(file, [])
    assert.deepEqual(circles, [])
  })
})

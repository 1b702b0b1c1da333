// The README, the pages that it leads to and the code must tell the same.
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { parseConfig } from '../relay/model/config/config.ts'
import { FAULTS } from '../relay/model/errors.ts'
import { kinds } from '../relay/notifiers/index.ts'
import { command } from './helpers/relay.ts'

const top = join(import.meta.dirname, '..')
const read = (file: string) => readFileSync(join(top, file), 'utf8')
const readme = read('README.md')

const errorsOf = (toml: string) => {
  const { errors, warnings } = parseConfig(toml, kinds)
  return [...errors, ...warnings]
}
const tomlOf = (page: string) => [...page.matchAll(/```toml\n([\s\S]*?)```/g)].map(([, block = '']) => block)

describe('the README', () => {
  test('leads to every page, and to nothing that is not there', () => {
    const links = [...readme.matchAll(/\]\(((?!https?:)[^)]+)\)/g)].map(([, file = '']) => file)
    const pages = globSync('docs/*', { cwd: top })
    assert.deepEqual([...new Set(links)].sort(), pages.sort())
  })

  test('leads to every error, with its words and remedy, and no other', () => {
    const rows = [...read('docs/errors.md').matchAll(/^\| `([a-z_]+)` \| (.+) \| (.+) \|$/gm)].map((row) =>
      row.slice(1),
    )
    assert.deepEqual(
      rows,
      Object.entries(FAULTS).map(([code, { message, hint }]) => [code, message, hint]),
    )
  })

  test('names no error that nothing raises', () => {
    const sources = globSync('relay/**/*.ts', { cwd: top, exclude: ['relay/model/errors.ts'] })
    const code = sources.map((file) => readFileSync(join(top, file), 'utf8')).join('\n')
    assert.deepEqual(
      Object.keys(FAULTS).filter((fault) => !new RegExp(`PamAlertError\\(\\s*'${fault}'`).test(code)),
      [],
    )
  })

  test('leads to every kind of notifier', () => {
    const page = read('docs/configuration.md')
    for (const type of kinds.keys()) assert.match(page, new RegExp(`^\\| \`${type}\` \\|`, 'm'))
  })

  test('shows a configuration that is valid', () => {
    const [block = ''] = /# \/etc\/pam-alert\/config\.toml\n(?: {4}.*\n|\n)+/.exec(readme) ?? []
    const { config, errors, warnings } = parseConfig(block.replaceAll(/^ {4}/gm, ''), kinds)
    assert.deepEqual([errors, warnings], [[], []])
    assert.equal(config?.notifiers.length, 2)
  })

  test('leads to a page for those who come from elsewhere, whose configurations are valid', () => {
    const blocks = tomlOf(read('docs/coming-from.md'))
    assert.equal(blocks.length, 5)
    for (const block of blocks) assert.deepEqual(errorsOf(block), [], block)
  })

  test('leads to a page of the configuration that is valid, with a notifier where it shows a part of one', () => {
    const page = read('docs/configuration.md')
    const phone = '[notifiers.phone]\ntype = "journal"\n'
    const blocks = tomlOf(page)
    assert.ok(blocks.length >= 4)
    for (const block of blocks) assert.deepEqual(errorsOf(`${block}\n${phone}`), [], block)
  })

  test('has every verb', async () => {
    const { stdout } = await command('/', '--help')
    const verbs = [...stdout.matchAll(/^ {2}([a-z]+) /gm)].map(([, verb]) => verb).filter((verb) => verb !== 'help')
    assert.ok(verbs.length >= 8, stdout)
    for (const verb of verbs) assert.match(readme, new RegExp(`pam-alert ${verb}|${verb}\\.sh`))
  })
})

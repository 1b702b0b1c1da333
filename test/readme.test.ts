// The README and the code must tell the same.
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { parseConfig } from '../relay/model/config/config.ts'
import { FAULTS } from '../relay/model/errors.ts'
import { kinds } from '../relay/notifiers/index.ts'
import { command } from './helpers/relay.ts'

const top = join(import.meta.dirname, '..')
const readme = readFileSync(join(top, 'README.md'), 'utf8')

describe('the README', () => {
  test('has every error, with its words and remedy, and no other', () => {
    const rows = [...readme.matchAll(/^\| `([a-z_]+)` \| (.+) \| (.+) \|$/gm)].map((row) => row.slice(1))
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

  test('has every kind of notifier', () => {
    for (const type of kinds.keys()) assert.match(readme, new RegExp(`^\\| \`${type}\` \\|`, 'm'))
  })

  test('shows a configuration that is valid', () => {
    const [block = ''] = /# \/etc\/pam-alert\/config\.toml\n(?: {4}.*\n|\n)+/.exec(readme) ?? []
    const { config, errors, warnings } = parseConfig(block.replaceAll(/^ {4}/gm, ''), kinds)
    assert.deepEqual([errors, warnings], [[], []])
    assert.equal(config?.notifiers.length, 2)
  })

  test('leads to a page for those who come from elsewhere, whose configurations are valid', () => {
    const page = readFileSync(join(top, 'docs/coming-from.md'), 'utf8')
    const blocks = [...page.matchAll(/```toml\n([\s\S]*?)```/g)].map(([, block = '']) => block)
    assert.equal(blocks.length, 5)
    for (const block of blocks) {
      const { errors, warnings } = parseConfig(block, kinds)
      assert.deepEqual([errors, warnings], [[], []], block)
    }
  })

  test('has every verb', async () => {
    const { stdout } = await command('/', '--help')
    const verbs = [...stdout.matchAll(/^ {2}([a-z]+) /gm)].map(([, verb]) => verb).filter((verb) => verb !== 'help')
    assert.ok(verbs.length >= 8, stdout)
    for (const verb of verbs) assert.match(readme, new RegExp(`pam-alert ${verb}|${verb}\\.sh`))
  })
})

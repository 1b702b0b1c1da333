import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseConfig } from '../../../../relay/model/config/config.ts'
import { kinds } from '../../../../relay/notifiers/index.ts'

const warningsOf = (...routes: string[]) =>
  parseConfig(
    `${routes.map((route) => `[[routes]]\n${route}\nnotify = ["journal"]`).join('\n')}\n[notifiers.journal]\ntype = "journal"`,
    kinds,
  ).warnings.map(({ where, message }) => `${where} ${message}`)

describe('routes that never fire', () => {
  const FIRST = 'routes[2] never fires: routes[1] takes all that it would match'
  const shadowed: [first: string, second: string][] = [
    ['', 'match = { user = "root" }'],
    ['match = { user = ["root", "bob"] }', 'match = { user = "root", service = "su" }'],
    ['match = { source = ["10.0.0.0/8", "2001:db8::/32"] }', 'match = { source = ["10.1.0.0/16", "2001:db8::1"] }'],
    ['not = { user = "root" }', 'match = { user = "bob" }'],
    ['not = { user = "root" }', 'not = { user = ["root", "bob"] }'],
    ['match_re = { user = "a.*" }', 'match_re = { user = "a.*" }\nmatch = { service = "su" }'],
    ['times = ["sat,sun"]', 'times = ["sat,sun"]\nmatch = { user = "root" }'],
  ]
  for (const [first, second] of shadowed)
    test(`behind ${first || 'one without conditions'}: ${second.replace('\n', ', ')}`, () => {
      assert.deepEqual(warningsOf(first, second), [FIRST])
    })

  const open: [first: string, second: string][] = [
    ['match = { user = "root" }', ''],
    ['match = { user = "root" }', 'match = { user = ["root", "bob"] }'],
    ['match = { source = "10.1.0.0/16" }', 'match = { source = "10.0.0.0/8" }'],
    ['match = { flag = "spoofed_env" }', 'match = { user = "root" }'],
    ['not = { key = "laptop" }', 'match = { key = "SHA256:x" }'],
    ['match_re = { user = "a.*" }', 'match = { user = "alice" }'],
    ['times = ["sat,sun"]', 'match = { user = "root" }'],
    ['continue = true', 'match = { user = "root" }'],
  ]
  for (const [first, second] of open)
    test(`nothing is claimed behind ${first}: ${second || 'one without conditions'}`, () => {
      assert.deepEqual(warningsOf(first, second), [])
    })

  test('one that contradicts itself; a route is named by its name', () => {
    assert.deepEqual(warningsOf('match = { user = "root" }\nnot = { user = ["root", "bob"] }'), [
      'routes[1] never fires: "not" excludes every user that "match" asks for',
    ])
    assert.deepEqual(warningsOf('name = "all"', ''), [
      'routes[2] never fires: routes[1] (all) takes all that it would match',
    ])
  })
})

import assert from 'node:assert/strict'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { parseConfig } from '../../../relay/model/config/config.ts'
import { pathsBelow } from '../../../relay/model/paths.ts'
import { kinds } from '../../../relay/notifiers/index.ts'
import { createAuthority } from '../../helpers/certs.ts'
import { without } from '../../helpers/needs.ts'
import { createProxy, createReceiver } from '../../helpers/receiver.ts'
import { command, writeConfig, writeSecret } from '../../helpers/relay.ts'
import { tempDir } from '../../helpers/temp.ts'
import { converse } from '../../helpers/terminal.ts'
import { createXApi, X_KEYS, X_PIN } from '../../helpers/x-api.ts'

/** A machine that reaches X through a proxy. */
async function machine(t: TestContext, more = '') {
  const authority = await createAuthority()
  const service = await createReceiver(t, await authority.issue('api.x.com'))
  const proxy = await createProxy(t, new Map([['api.x.com', service.port]]))
  const api = createXApi()
  service.respond = api.respond
  const paths = pathsBelow(tempDir(t))
  const caFile = join(paths.root, 'ca.pem')
  writeFileSync(caFile, authority.cert)
  writeConfig(paths, `[network]\nproxy = "${proxy.url}"\nca_file = "${caFile}"\n${more}`)
  return { api, proxy, paths }
}

const KEY: [RegExp, string] = [/Consumer key .*:/, X_KEYS.consumer_key]
const SECRET: [RegExp, string] = [/Consumer secret .*:/, X_KEYS.consumer_secret]
const PIN: [RegExp, string] = [/The PIN .*:/, X_PIN]

describe('pam-alert authorize x', { skip: without('script') }, () => {
  test('asks, authorizes, stores, tells what to configure, and sends a first message', async (t) => {
    const { api, proxy, paths } = await machine(t)
    const { status, shown } = await converse(
      paths.root,
      ['authorize', 'x', 'bird'],
      [KEY, SECRET, PIN, [/Who gets .*\?/, '@oncall']],
    )
    assert.equal(status, 0, shown)
    assert.match(shown, /\n {2}https:\/\/api\.x\.com\/oauth\/authorize\?oauth_token=\S+\n/)
    assert.match(shown, /X knows you as @web1alerts\./)
    for (const secret of Object.values(X_KEYS)) assert.ok(!shown.includes(secret), shown)
    assert.equal(api.messages[0]?.to, '2244994945')
    assert.match(api.messages[0]?.text ?? '', /logins there will be told here/)
    assert.deepEqual(new Set(proxy.targets), new Set(['api.x.com:443']))

    const table = /\[notifiers\.bird\]\n(?:\w+ = .*\n)+/.exec(shown)?.[0] ?? ''
    const { config, errors } = parseConfig(table, kinds)
    assert.deepEqual(errors, [], shown)
    const options = config?.notifiers[0]?.options ?? {}
    for (const [key, value] of Object.entries(X_KEYS)) {
      const path = String(options[`${key}_file`])
      assert.equal(readFileSync(path, 'utf8').trim(), value)
      assert.equal(statSync(path).mode & 0o7777, 0o600)
    }
    writeConfig(paths, readFileSync(paths.config, 'utf8') + table)
    const check = await command(paths.root, 'config', 'check')
    assert.equal(check.status, 0, check.stderr)
  })

  test('takes what is configured as it is, and keys from files', async (t) => {
    const { api, paths } = await machine(t)
    const files = Object.keys(X_KEYS).map((key) => `${key}_file = "${join(paths.secrets, key)}"\n`)
    writeConfig(
      paths,
      `${readFileSync(paths.config, 'utf8')}[notifiers.feed]\ntype = "x"\nmode = "post"\n${files.join('')}`,
    )
    const key = writeSecret(paths, 'consumer_key', X_KEYS.consumer_key)
    const secret = writeSecret(paths, 'consumer_secret', X_KEYS.consumer_secret)
    const given = ['--consumer-key-file', key, '--consumer-secret-file', secret]
    const { status, shown } = await converse(paths.root, ['authorize', 'x', ...given], [PIN])
    assert.equal(status, 0, shown)
    assert.match(shown, /\[notifiers\.feed\] is right as it is/)
    assert.equal(api.posts.length, 1)
    assert.equal(readFileSync(join(paths.secrets, 'access_token'), 'utf8').trim(), X_KEYS.access_token)
  })

  test('says what is wrong, and how to mend it; nothing is stored then', async (t) => {
    const { api, paths } = await machine(t)
    const cases: [RegExp, () => void, [RegExp, string][]][] = [
      [/X does not know this consumer key/, () => {}, [[KEY[0], 'nonsense'], SECRET]],
      [/X does not take this PIN\n.*run this again/, () => {}, [KEY, SECRET, [PIN[0], '0000000']]],
      [/clock of this machine is 12 minutes slow.*\n.*\nSet the clock/, () => (api.ahead = 12 * 60_000), [KEY, SECRET]],
      [/clock of this machine is 3 hours fast/, () => (api.ahead = -3 * 3_600_000), [KEY, SECRET]],
      [/X lets these tokens in no more/, () => (api.revoked = true), [KEY, SECRET, PIN]],
    ]
    for (const [says, given, answers] of cases) {
      Object.assign(api, { ahead: 0, revoked: false })
      given()
      const { status, shown } = await converse(paths.root, ['authorize', 'x', '--post'], answers)
      assert.notEqual(status, 0)
      assert.match(shown, says)
      assert.equal(statSync(paths.secrets, { throwIfNoEntry: false }), undefined)
    }
  })

  test('an account that X does not know, an end of the answers, a notifier of another kind', async (t) => {
    const { paths } = await machine(t, '[notifiers.log]\ntype = "journal"\n')
    const nobody = await converse(paths.root, ['authorize', 'x', '--to', 'nobody'], [KEY, SECRET, PIN])
    assert.match(nobody.shown, /@nobody\nX has no such account/)
    const silence = await command(paths.root, 'authorize', 'x')
    assert.equal(silence.status, 1)
    assert.match(silence.stderr, /a question got no answer/)
    const other = await command(paths.root, 'authorize', 'x', 'log')
    assert.equal(other.status, 2)
    assert.match(other.stderr, /notifier log is of type journal, not x/)
  })
})

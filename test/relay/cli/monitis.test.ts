import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { type Paths, pathsBelow } from '../../../relay/model/paths.ts'
import { createMonitisApi, MONITIS_KEYS } from '../../helpers/monitis-api.ts'
import { createReceiver, type Receiver } from '../../helpers/receiver.ts'
import { command, writeConfig, writeSecret } from '../../helpers/relay.ts'
import { tempDir } from '../../helpers/temp.ts'

function configured(t: TestContext, service: Receiver, more = ''): Paths {
  const paths = pathsBelow(tempDir(t))
  const files = Object.entries(MONITIS_KEYS).map(([name, key]) => `${name}_file = "${writeSecret(paths, name, key)}"`)
  const url = `url = "${service.url}/customMonitorApi"`
  writeConfig(paths, ['[notifiers.logins]', 'type = "monitis"', url, ...files, more].join('\n'))
  return paths
}

describe('pam-alert monitis create', () => {
  test('makes the monitor once, and prints the line for the configuration', async (t) => {
    const service = await createReceiver(t)
    const api = createMonitisApi()
    service.respond = api.respond
    const { root } = configured(t, service)
    const first = await command(root, 'monitis', 'create')
    assert.deepEqual([first.status, first.stderr], [0, ''])
    assert.match(first.stdout, /^Monitor 922 was made, with the tag pam-alert\.$/m)
    assert.match(first.stdout, /below \[notifiers\.logins\]:\n\n {4}monitor = 922$/m)
    const again = await command(root, 'monitis', 'create', 'logins')
    assert.match(again.stdout, /^Monitor 922 is there already, with the tag pam-alert\.$/m)
    assert.deepEqual(api.monitors, [
      { id: 922, name: 'pam-alert', tag: 'pam-alert', metrics: ['user_login', 'host', 'srv'] },
    ])
    const done = await command(configured(t, service, 'monitor = 922').root, 'monitis', 'create')
    assert.match(done.stdout, /\[notifiers\.logins\] is right as it is\.\n$/)
  })

  test('says what is wrong: keys, answers, names', async (t) => {
    const service = await createReceiver(t)
    const { root } = configured(t, service)
    service.respond = (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>gone</h1>')
    const gone = await command(root, 'monitis', 'create')
    assert.match(gone.stderr, /customMonitorApi: HTTP 200, but with a web page: this is not the service\n/)
    service.respond = createMonitisApi().respond
    writeSecret(pathsBelow(root), 'apikey', 'WRONG-KEY')
    const wrong = await command(root, 'monitis', 'create')
    assert.match(wrong.stderr, /: Invalid API key\nthe Monitis service did not give its monitor\nLook at url,/)
    assert.equal(wrong.status, 4)
    assert.ok(!wrong.stderr.includes('WRONG-KEY'))
    const unknown = await command(root, 'monitis', 'create', 'other')
    assert.match(unknown.stderr, /has no \[notifiers\.other\] of type monitis/)
    assert.equal(unknown.status, 2)
  })
})

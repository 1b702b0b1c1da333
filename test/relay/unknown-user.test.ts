import assert from 'node:assert/strict'
import { globSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { Paths } from '../../relay/model/paths.ts'
import { loginEvent, nextId } from '../helpers/alerts.ts'
import { command, startRelay } from '../helpers/relay.ts'
import { until } from '../helpers/until.ts'

const PASSWORD = 'Correct-Horse-7'
const refused = (user: string) => loginEvent({ type: 'auth', outcome: 'failure', user, ruser: user })

interface Stored {
  record: { user: string }
  meaning: { user: string }
}

/** As the hook does: whole, or not there. */
function spool(paths: Paths, id: string, text: string) {
  writeFileSync(join(paths.spool, `.${id}.new`), text)
  renameSync(join(paths.spool, `.${id}.new`), join(paths.spool, `${id}.json`))
}

describe('a password typed as a user name', () => {
  test('is in no file and no log of the relay', async (t) => {
    const relay = await startRelay(t)
    const files = () =>
      globSync('**/*', { cwd: relay.paths.root })
        .map((file) => join(relay.paths.root, file))
        .filter((file) => statSync(file).isFile())
    await relay.ask('POST', '/v1/events', JSON.stringify(refused(PASSWORD)))
    await relay.ask('POST', '/v1/events', JSON.stringify({ ...refused(PASSWORD), type: 'dance' }))
    await relay.ask('POST', '/v1/events', JSON.stringify(refused(PASSWORD)).slice(0, -1))
    const aside = relay.logged(({ msg }) => msg === 'spooled file set aside')
    const taken = relay.logged(({ msg }) => msg === 'spool taken in')
    const [torn, whole] = [nextId(), refused(PASSWORD)]
    spool(relay.paths, torn, JSON.stringify(refused(PASSWORD)).slice(0, -1))
    spool(relay.paths, whole.id, JSON.stringify(whole))
    await Promise.all([aside, taken])
    let users: string[] = []
    await until(async () => {
      const { body } = await relay.ask('GET', '/v1/events?limit=10')
      users = (body as { events: Stored[] }).events.map(({ record }) => record.user)
      return users.length >= 2
    })
    assert.deepEqual([users.length, new Set(users).size], [2, 1], 'it is one and the same token')
    const { stdout } = await command(relay.paths.root, 'history', '--user', users[0] ?? '')
    assert.match(stdout, /unknown user #[a-z2-7]{6}: password refused/)
    for (const file of files()) assert.equal(readFileSync(file).includes(PASSWORD), false, file)
    assert.ok(files().includes(join(relay.paths.spool, 'bad', `${torn}.json`)))
    await relay.stop()
    for (const file of files()) assert.equal(readFileSync(file).includes(PASSWORD), false, file)
    assert.equal(relay.output.join('\n').includes(PASSWORD), false)
  })

  test('is no password if the system knows such a user: the record keeps its token, the alert says the name', async (t) => {
    const relay = await startRelay(t)
    // In no /etc/passwd below this root: known to getent alone.
    const user = readFileSync('/etc/passwd', 'utf8').match(/^_\w+/m)?.[0] ?? 'nobody'
    await relay.ask('POST', '/v1/events', JSON.stringify(refused(user)))
    const { body } = await relay.ask('GET', '/v1/events?limit=1&wait_s=5')
    const [event] = (body as { events: Stored[] }).events
    assert.match(event?.record.user ?? '', /^#/)
    assert.equal(event?.meaning.user, user)
    assert.match(
      (await command(relay.paths.root, 'history', '--user', user)).stdout,
      new RegExp(`${user}: password refused`),
    )
    assert.equal((await command(relay.paths.root, 'verify')).status, 0)
  })
})

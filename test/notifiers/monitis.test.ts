import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { monitis } from '../../relay/notifiers/monitis.ts'
import { alertOf } from '../helpers/alerts.ts'
import { createMonitisApi, MONITIS_KEYS, readList } from '../helpers/monitis-api.ts'
import { attemptOf, dependencies, reach } from '../helpers/notifiers.ts'

const monitor = { id: 922, name: 'pam-alert', tag: 'pam-alert', metrics: ['user_login', 'host', 'srv'] }

describe('monitis', () => {
  test('a login is a result, at its own time', async (t) => {
    const { notifier, service } = await reach(t, 'monitis')
    const api = createMonitisApi()
    api.monitors.push(monitor)
    service.respond = api.respond
    assert.deepEqual(await notifier.send(alertOf(), attemptOf()), { kind: 'delivered', receipt: 'ok' })
    assert.deepEqual(api.results, [
      {
        monitor: 922,
        checktime: Date.parse('2026-11-20T14:38:36.123Z'),
        values: { user_login: 'alice', host: '192.0.2.7', srv: 'sshd' },
      },
    ])
  })

  test('no sign of a name is one of the list, or of the checksum', async (t) => {
    const { notifier, service } = await reach(t, 'monitis')
    const api = createMonitisApi()
    api.monitors.push(monitor)
    service.respond = api.respond
    const users = ['root;host:10.0.0.1;srv:cron', 'a&action=deleteMonitor', '%3B', 'zoë 語 + ', '\ud800']
    for (const user of users)
      assert.equal((await notifier.send(alertOf({ user }), attemptOf())).kind, 'delivered', user)
    assert.deepEqual(
      api.results.map(({ values }) => values.user_login),
      users.map((user) => user.toWellFormed()),
    )
  })

  test('what it says no to with status 200 pauses it, in its words', async (t) => {
    const { notifier, service } = await reach(t, 'monitis')
    service.respond = createMonitisApi().respond
    assert.deepEqual(await notifier.send(alertOf(), attemptOf()), {
      kind: 'retry',
      reason: 'HTTP 200, but the answer does not say that it was taken: Invalid monitorId',
      pause: true,
    })
  })

  test('without a monitor it says how to come by one', () => {
    assert.throws(
      () => monitis.create({ url: 'https://a.example' }, dependencies(MONITIS_KEYS)),
      /pam-alert monitis create/,
    )
  })

  test("the fake's reader is strict", () => {
    assert.deepEqual(readList('a:1;b:x%3B%3Ay'), [
      ['a', '1'],
      ['b', 'x;:y'],
    ])
  })
})

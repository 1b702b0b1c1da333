import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { enrich } from '../../relay/enrich.ts'
import { defaultRoutes, type Route } from '../../relay/model/config/routes.ts'
import type { LoginEvent } from '../../relay/model/event.ts'
import { createRouter } from '../../relay/route.ts'
import { recordOf } from '../helpers/alerts.ts'

const route = (fields: Partial<Route>): Route => ({
  match: {},
  notify: [],
  groupBy: [],
  priority: 0,
  groupIntervalMs: 300_000,
  continue: false,
  ...fields,
})

function targets(routes: readonly Route[], event: Partial<LoginEvent>, notifiers = ['ops', 'phone']) {
  const record = recordOf(event)
  return createRouter(routes, notifiers)(record, enrich(record))
}

const names = (...args: Parameters<typeof targets>) => targets(...args).map(({ notifier }) => notifier)

describe('routes', () => {
  test('the first match wins, unless it says continue; a notifier gets an event once', () => {
    const routes = [
      route({ match: { user: ['root'] }, notify: ['phone'], continue: true }),
      route({ match: { service: ['sshd'] }, notify: ['ops', 'phone'], groupBy: ['source'] }),
      route({ notify: ['last'] }),
    ]
    assert.deepEqual(names(routes, { user: 'root' }), ['phone', 'ops'])
    assert.equal(targets(routes, { user: 'root' })[0]?.group, null, 'by the first route that names it')
    assert.deepEqual(names(routes, { user: 'bob' }), ['ops', 'phone'])
    assert.deepEqual(names(routes, { user: 'bob', service: 'su' }), ['last'])
  })

  test('all fields must match, and any value of a field will do', () => {
    const routes = [route({ match: { user: ['root', 'bob'], outcome: ['failure'] }, notify: ['ops'] })]
    assert.deepEqual(names(routes, { user: 'bob', outcome: 'failure' }), ['ops'])
    assert.deepEqual(names(routes, { user: 'bob' }), [])
    assert.deepEqual(names(routes, { user: 'eve', outcome: 'failure' }), [])
    assert.deepEqual(names(routes, { user: null, outcome: 'failure' }), [])
  })

  test('a source matches by network, IPv4 and IPv6', () => {
    const routes = [route({ match: { source: ['10.0.0.0/8', '2001:db8::/32', '192.0.2.7'] }, notify: ['ops'] })]
    for (const rhost of ['10.1.2.3', '::ffff:10.1.2.3', '2001:db8::5', '192.0.2.7'])
      assert.deepEqual(names(routes, { rhost }), ['ops'], rhost)
    for (const rhost of ['11.0.0.1', '2001:db9::1', '192.0.2.8', 'ten.example', null])
      assert.deepEqual(names(routes, { rhost }), [], String(rhost))
  })

  test('the group is made of the route and the values that it names', () => {
    const routes = [route({ notify: ['ops'], groupBy: ['source', 'user'], groupIntervalMs: 1000 })]
    const group = (event: Partial<LoginEvent>) => targets(routes, event)[0]?.group
    assert.deepEqual(group({ user: 'a' }), group({ user: 'a', service: 'su' }))
    assert.notDeepEqual(group({ user: 'a' }), group({ user: 'b' }))
    assert.equal(group({})?.intervalMs, 1000)
  })

  test('flags can be asked for', () => {
    const routes = [route({ match: { flag: ['spoofed_env'] }, notify: ['phone'] })]
    assert.deepEqual(names(routes, { flags: ['spoofed_env'] }), ['phone'])
    assert.deepEqual(names(routes, {}), [])
  })

  test('by default: logins at once, failures grouped by source, closings and robots silent', () => {
    const routes = defaultRoutes(['ops'])
    assert.deepEqual(targets(routes, {}), [{ notifier: 'ops', priority: 0, group: null }])
    assert.deepEqual(targets(routes, { type: 'password', service: 'passwd' }), [
      { notifier: 'ops', priority: 0, group: null },
    ])
    const [refused] = targets(routes, { type: 'auth', outcome: 'failure' })
    assert.match(refused?.group?.key ?? '', /192\.0\.2\.7/)
    for (const silent of [{ service: 'cron' }, { service: 'systemd-user' }, { type: 'close_session' as const }])
      assert.deepEqual(targets(routes, silent), [])
  })

  test('a test goes to every notifier, or to the one it names, whatever the routes say', () => {
    const service = 'pam-alert-test'
    assert.deepEqual(names([route({})], { service, tty: null }), ['ops', 'phone'])
    assert.deepEqual(names([route({})], { service, tty: 'phone' }), ['phone'])
    assert.deepEqual(names([route({})], { service, tty: null, type: 'close_session' }), [])
  })
})

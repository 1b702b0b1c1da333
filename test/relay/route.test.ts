import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { enrich } from '../../relay/enrich.ts'
import { defaultRoutes, type Route } from '../../relay/model/config/routes.ts'
import type { LoginEvent } from '../../relay/model/event.ts'
import { rangeOf, type Times } from '../../relay/model/times.ts'
import { createRouter } from '../../relay/route.ts'
import { recordOf } from '../helpers/alerts.ts'

const times = (timeZone: string, ...texts: string[]): Times => ({
  ranges: texts.map(rangeOf).filter((range) => range !== null),
  timeZone,
})

const route = (fields: Partial<Route>): Route => ({
  name: null,
  match: {},
  matchRe: {},
  not: {},
  times: null,
  notify: [],
  mute: [],
  groupBy: [],
  priority: 0,
  groupIntervalMs: 300_000,
  continue: false,
  ...fields,
})

function targets(routes: readonly Route[], event: Partial<LoginEvent>, notifiers = ['ops', 'phone']) {
  const record = recordOf(event)
  return createRouter({ routes, mutes: [] }, notifiers)(record, enrich(record), Date.parse(record.time)).targets
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

  test('a user matches by any of its groups', () => {
    const routing = createRouter({ routes: [route({ match: { group: ['deploy'] }, notify: ['ops'] })], mutes: [] }, [])
    const record = recordOf()
    const sent = (groups: string[]) =>
      routing(record, { ...enrich(record), groups }, Date.parse(record.time)).targets.length
    assert.deepEqual([sent(['alice', 'deploy']), sent(['alice']), sent([])], [1, 0, 0])
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

  test('a group by source takes an IPv6 /64 as one', () => {
    const routes = [route({ notify: ['ops'], groupBy: ['source'] })]
    const key = (rhost: string) => targets(routes, { rhost })[0]?.group?.key
    assert.equal(key('2001:db8:1:2::1'), key('2001:db8:1:2:ffff::9'))
    assert.notEqual(key('2001:db8:1:2::1'), key('2001:db8:1:3::1'))
    assert.notEqual(key('192.0.2.7'), key('192.0.2.8'))
    assert.equal(key('::ffff:192.0.2.7'), key('192.0.2.7'))
  })

  test('a group goes on when other routes are put before its own, or it gets other notifiers', () => {
    const grouped = route({ match: { outcome: ['failure'] }, notify: ['ops'], groupBy: ['source'] })
    const key = (routes: Route[]) => targets(routes, { outcome: 'failure' })[0]?.group?.key
    const before = key([grouped])
    assert.equal(key([route({ match: { user: ['x'] } }), { ...grouped, notify: ['phone'], priority: 1 }]), before)
    assert.notEqual(key([{ ...grouped, match: {} }]), before)
    assert.equal(key([{ ...grouped, name: 'a' }]), key([{ ...grouped, match: {}, name: 'a' }]), 'a name is for good')
  })

  test('patterns must match the whole value, and what is excluded must not be there', () => {
    const like = [route({ matchRe: { user: ['adm(in)?', 'x.*'] }, notify: ['ops'] })]
    for (const user of ['adm', 'admin', 'xyz']) assert.deepEqual(names(like, { user }), ['ops'], user)
    for (const user of ['administrator', 'sysadm', null]) assert.deepEqual(names(like, { user }), [], String(user))
    const not = [route({ not: { source: ['10.0.0.0/8'], user: ['root', 'bob'] }, notify: ['ops'] })]
    assert.deepEqual(names(not, {}), ['ops'])
    assert.deepEqual(names(not, { rhost: null, user: null }), ['ops'])
    for (const event of [{ rhost: '10.1.1.1' }, { user: 'root' }]) assert.deepEqual(names(not, event), [])
  })

  test('at times of the week, by the clock where the zone is', () => {
    const office = [route({ times: times('Europe/Berlin', 'mon-fri 08:00-18:00'), notify: ['ops'] })]
    const at = (time: string) => names(office, { time: `${time}:00.000000Z` }).length
    assert.deepEqual(
      ['2026-11-20T06:59', '2026-11-20T07:00', '2026-11-20T16:59', '2026-11-20T17:00', '2026-11-21T10:00'].map(at),
      [0, 1, 1, 0, 0],
    )
    assert.deepEqual(['2026-07-03T05:59', '2026-07-03T06:00', '2026-07-03T16:00'].map(at), [0, 1, 0], 'in summer')
  })

  test('what is muted is held until that ends; a break-in never is', () => {
    const rules = {
      routes: [route({ notify: ['ops'], mute: ['night'] })],
      mutes: [{ name: 'night', times: times('UTC', '22:00-07:00') }],
    }
    const record = recordOf()
    const decide = (time: string, meaning = enrich(record)) =>
      createRouter(rules, ['ops', 'phone'])(record, meaning, Date.parse(time)).targets
    assert.deepEqual(decide('2026-11-20T21:59:00Z'), [{ notifier: 'ops', priority: 0, group: null }])
    assert.deepEqual(decide('2026-11-20T23:00:00Z')[0]?.group, {
      key: 'mute night',
      intervalMs: 8 * 3_600_000,
      held: 'muted (night)',
    })
    const attack = { situation: 'break_in', failures: 9, users: 1, more: false, since: record.time } as const
    assert.deepEqual(decide('2026-11-20T23:00:00Z', { ...enrich(record), attack }), [
      { notifier: 'ops', priority: 1, group: null },
    ])
  })

  test('a break-in is told even where the route is silent', () => {
    const record = recordOf()
    const attack = { situation: 'break_in', failures: 9, users: 1, more: false, since: record.time } as const
    const routes = [route({ match: { user: ['alice'] } }), route({ notify: ['phone'], priority: -2 })]
    const { targets } = createRouter({ routes, mutes: [] }, ['ops', 'phone'])(record, { ...enrich(record), attack }, 0)
    assert.deepEqual(targets, [{ notifier: 'phone', priority: 1, group: null }])
  })

  test('flags can be asked for', () => {
    const routes = [route({ match: { flag: ['spoofed_env'] }, notify: ['phone'] })]
    assert.deepEqual(names(routes, { flags: ['spoofed_env'] }), ['phone'])
    assert.deepEqual(names(routes, {}), [])
  })

  test('by default: logins at once, failures grouped by source, closings and robots silent', () => {
    const routes = defaultRoutes(['ops'])
    const keyOf = (event: Partial<LoginEvent>) => targets(routes, event)[0]?.group?.key
    assert.equal(keyOf({}), keyOf({ pid: 1, time: '2026-11-21T14:38:36.123456Z' }), 'the same login again')
    const key = 'publickey ssh-ed25519 AAAA\\x0a'
    for (const other of [
      { user: 'bob' },
      { rhost: '192.0.2.8' },
      { service: 'vsftpd' },
      { ssh: { connection: null, auth_info: key } },
      { ssh: { connection: null, auth_info: 'password\\x0a' } },
    ])
      assert.notEqual(keyOf({}), keyOf(other))
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

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import { Ajv } from 'ajv'
import fc from 'fast-check'
import { eventSchema, type LoginEvent } from '../../relay/model/event.ts'
import { unescapeBytes } from '../helpers/escape.ts'
import { runs } from '../helpers/fuzz.ts'
import { listenAsRelay, pamEnv, runHook } from '../helpers/hook.ts'

const isEvent = new Ajv({ allowUnionTypes: true }).compile<LoginEvent>(eventSchema)

function parse(body: string): LoginEvent {
  const event: unknown = JSON.parse(body)
  assert.ok(isEvent(event), `${JSON.stringify(isEvent.errors)} in ${body}`)
  return event
}

const LONGEST = { service: 256, user: 1024, rhost: 1024, ruser: 1024, tty: 256 } as const
/** Controls, line separators, and what turns the line around. */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]/u

type Field = keyof typeof LONGEST
const variable = (field: Field) => `PAM_${field.toUpperCase()}`

/** Any bytes that an environment can hold. */
const bytes = (maxLength: number) =>
  fc.oneof(
    fc.uint8Array({ min: 1, maxLength }).map((array) => Buffer.from(array)),
    fc.string({ unit: 'binary', maxLength: maxLength / 4 }).map((text) => Buffer.from(text.replaceAll('\0', ''))),
    fc
      .constantFrom('\\x41', '\\', '\\\\x', '"', '\x1b[31m', '\u202eroot', '\u0085', '\xff\\x', '@a.b')
      .map(Buffer.from),
  )

describe('the event', () => {
  test('tells the PAM items, the advisory ssh part, and when it was', async (t) => {
    const relay = await listenAsRelay(t)
    const before = Date.now()
    const planted = [
      'TZ=Pacific/Kiritimati',
      'SSH_CONNECTION=192.0.2.7 39652 192.0.2.1 22',
      'SSH_AUTH_INFO_0=publickey ssh-ed25519 AAAA\n',
    ]
    const items = { PAM_USER: 'alice', PAM_TTY: 'ssh', PAM_RHOST: '192.0.2.7' }
    const run = await runHook({ env: pamEnv(items, planted), socket: relay.socket })
    assert.deepEqual(run, { status: 0, stdout: '', stderr: '' })
    const { id, time, pid, ...event } = parse(await relay.next())
    assert.deepEqual(event, {
      v: 1,
      type: 'open_session',
      outcome: 'success',
      service: 'sshd',
      user: 'alice',
      rhost: '192.0.2.7',
      ruser: null,
      tty: 'ssh',
      uid: process.getuid?.(),
      ssh: { connection: '192.0.2.7 39652 192.0.2.1 22', auth_info: 'publickey ssh-ed25519 AAAA\\x0a' },
      flags: [],
    })
    assert.equal(pid, process.pid)
    const at = Date.parse(time)
    assert.ok(before <= at && at <= Date.now(), time)
    assert.equal(Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16), at, 'a UUIDv7 carries the time')
  })

  test('keeps what is absent and what is empty apart', async (t) => {
    const relay = await listenAsRelay(t)
    await runHook({ env: pamEnv({ PAM_RUSER: '' }), socket: relay.socket, args: ['--outcome', 'failure'] })
    const event = parse(await relay.next())
    assert.deepEqual([event.user, event.ruser, event.outcome, event.ssh], [null, '', 'failure', null])
  })

  test('is not fooled by what the user planted, and says that it was', async (t) => {
    const relay = await listenAsRelay(t)
    const planted = ['PAM_SERVICE=evil', 'PAM_USER=root', 'PAM_USER=daemon', 'PAM_RHOST=127.0.0.1', 'PAM_TYPE=auth']
    await runHook({ env: pamEnv({ PAM_USER: 'mallory' }, planted), socket: relay.socket })
    const event = parse(await relay.next())
    assert.deepEqual(
      [event.service, event.user, event.rhost, event.type, event.flags],
      ['sshd', 'mallory', null, 'open_session', ['spoofed_env']],
    )
  })

  test('holds any bytes of any item, and gives them back', async (t) => {
    const relay = await listenAsRelay(t)
    const field = fc.constantFrom(...(Object.keys(LONGEST) as Field[]))
    await fc.assert(
      fc.asyncProperty(field, bytes(1400), async (name, value) => {
        const env = pamEnv({ [variable(name)]: value.toString('latin1') })
        const run = await runHook({ env, socket: relay.socket })
        assert.deepEqual(run, { status: 0, stdout: '', stderr: '' })
        const event = parse(await relay.next())
        const kept = unescapeBytes(event[name] ?? '')
        assert.deepEqual(kept, value.subarray(0, LONGEST[name]))
        const whole = { bytes: value.length, sha256: createHash('sha256').update(value).digest('hex') }
        assert.deepEqual(event.cut, value.length > LONGEST[name] ? { [name]: whole } : undefined)
        assert.doesNotMatch(event[name] ?? '', UNPRINTABLE)
      }),
      runs(400),
    )
  })

  test('fits the largest body even when every byte must be escaped', async (t) => {
    const relay = await listenAsRelay(t)
    const long = '\xff'.repeat(64 * 1024)
    const items = Object.fromEntries(Object.keys(LONGEST).map((name) => [variable(name as Field), long]))
    const planted = [`SSH_AUTH_INFO_0=${long}`, `SSH_CONNECTION=${long}`]
    await runHook({ env: pamEnv(items, planted), socket: relay.socket })
    const body = await relay.next()
    assert.ok(body.length <= 65_536, String(body.length))
    const event = parse(body)
    assert.equal(Object.keys(event.cut ?? {}).length, 7)
    assert.deepEqual(event.cut?.user?.bytes, 65_536)
  })

  test('says nothing where pam_exec did not call it', async (t) => {
    const relay = await listenAsRelay(t)
    for (const env of [[], ['PAM_USER=alice', 'PAM_TYPE=auth'], ['PAM_SERVICE=sshd', 'PAM_USER=alice']]) {
      const run = await runHook({ env, socket: relay.socket })
      assert.deepEqual(run, { status: 0, stdout: '', stderr: '' })
    }
    await runHook({ env: pamEnv({ PAM_USER: 'last' }), socket: relay.socket })
    assert.equal(parse(await relay.next()).user, 'last', 'the first to arrive is the one that pam_exec made')
  })
})

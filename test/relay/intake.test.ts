// What reads foreign bytes on the socket: any of them end as an event that is stored, or as a refusal.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { pino } from 'pino'
import { registerIntake } from '../../relay/intake.ts'
import { type LoginEvent, parseEvent } from '../../relay/model/event.ts'
import { parseJson } from '../../relay/model/json.ts'
import { createApp } from '../../relay/socket.ts'
import { loginEvent } from '../helpers/alerts.ts'
import { runs } from '../helpers/fuzz.ts'

/** An event in which something may be wrong: a field that is missing, another's, or anything. */
const almost = fc
  .tuple(fc.constantFrom(...Object.keys(loginEvent()), 'cut', 'extra', '__proto__'), fc.jsonValue(), fc.boolean())
  .map(([field, value, whole]) => JSON.stringify(whole ? loginEvent() : { ...loginEvent(), [field]: value }))

/** Such a text, cut or with other bytes in it. */
const damaged = fc
  .tuple(almost, fc.nat(), fc.uint8Array({ maxLength: 8 }), fc.boolean())
  .map(([text, at, bytes, cut]) => {
    const here = at % (text.length + 1)
    return Buffer.concat([Buffer.from(text.slice(0, here)), bytes, Buffer.from(cut ? '' : text.slice(here))])
  })

describe('whatever is posted', () => {
  test('is stored as it came, or refused with a reason; nothing is our fault', async (t) => {
    const stored: LoginEvent[] = []
    const app = createApp(pino({ level: 'silent' }), (error) => assert.fail(String(error)))
    registerIntake(app, async (event) => ({ id: event.id, seq: stored.push(event), repeated: false }))
    t.after(() => app.close())
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          almost.map((text) => Buffer.from(text)),
          damaged,
          fc.uint8Array(),
        ),
        async (bytes) => {
          const payload = Buffer.from(bytes)
          const before = stored.length
          const headers = { 'content-type': 'application/json' }
          const { statusCode, body } = await app.inject({ method: 'POST', url: '/v1/events', headers, payload })
          assert.ok(statusCode === 202 || statusCode === 400, `${statusCode} ${body}`)
          assert.equal(stored.length, before + (statusCode === 202 ? 1 : 0))
          if (statusCode === 202) assert.deepEqual(stored.at(-1), JSON.parse(payload.toString()))
          else assert.ok(JSON.parse(body).message.length > 0)
          // A file in the spool is judged alike.
          if (statusCode === 202) parseEvent(payload.toString())
          else assert.throws(() => parseEvent(payload.toString()))
        },
      ),
      runs(500),
    )
  })

  test('is JSON as everybody reads it, unless a key is there twice', () => {
    fc.assert(
      fc.property(fc.json(), (text) => assert.deepEqual(parseJson(text), JSON.parse(text))),
      runs(1000),
    )
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.jsonValue(), fc.jsonValue(), (key, one, other) => {
        const name = JSON.stringify(key)
        const escaped = `"${[...key]
          .flatMap((c) => c.split(''))
          .map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
          .join('')}"`
        const text = `[{${name}:${JSON.stringify(one)},"${key.length}.":1,${escaped}:${JSON.stringify(other)}}]`
        assert.throws(() => parseJson(text), /is there twice/)
      }),
      runs(1000),
    )
  })
})

import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import fc from 'fast-check'
import twitter from 'twitter-text'
import type { Alert } from '../../relay/model/alert.ts'
import type { Outcome } from '../../relay/model/outcome.ts'
import { defuse } from '../../relay/model/text.ts'
import type { Notifier } from '../../relay/notifiers/notifier.ts'
import { partsOf, weightOf } from '../../relay/notifiers/x/text.ts'
import { x } from '../../relay/notifiers/x.ts'
import { alertOf } from '../helpers/alerts.ts'
import { attemptOf, dependencies, reach } from '../helpers/notifiers.ts'
import { createXApi } from '../helpers/x-api.ts'

/** A notifier of kind x, and X. */
async function reachX(t: TestContext, options: object = {}) {
  const { notifier, service } = await reach(t, 'x', { options })
  const api = createXApi()
  service.respond = api.respond
  return { notifier, service, api }
}

/** All parts of it, as the delivery stage asks for them. */
async function sendAll(notifier: Notifier, alert: Alert, key: string): Promise<Outcome> {
  for (let part = 0; ; part++) {
    const outcome = await notifier.send(alert, attemptOf(key, { part, earlier: part }))
    if (outcome.kind !== 'partly') return outcome
  }
}

describe('x', () => {
  test('sends a direct message that X accepts: signature, recipient, text', async (t) => {
    const { notifier, api } = await reachX(t)
    const outcome = await notifier.send(alertOf({ user: 'alice' }), attemptOf())
    assert.deepEqual({ ...outcome, quotas: null }, { kind: 'delivered', receipt: '1', quotas: null })
    const [{ resetInMs = 0, ...quota } = {}] = outcome.quotas ?? []
    assert.deepEqual(quota, { name: "X's window", messages: 100, remaining: 99 })
    assert.ok(resetInMs > 590_000 && resetInMs <= 600_000)
    const [message] = api.messages
    assert.equal(message?.to, '1234567890')
    assert.match(
      message?.text ?? '',
      /^alice logged in to web-1 \(sshd\) from 192\.0\.2\.7 · 11-20 14:38:36Z [a-z0-9]{5}$/,
    )
  })

  test('a direct message of ten thousand characters goes whole, one that is longer in parts', async (t) => {
    const { notifier, api } = await reachX(t)
    assert.equal((await sendAll(notifier, { ...alertOf(), text: 'x'.repeat(9000) }, 'a')).kind, 'delivered')
    assert.equal(api.messages.length, 1)
    assert.equal((await sendAll(notifier, { ...alertOf(), text: 'x'.repeat(11_000) }, 'b')).kind, 'delivered')
    assert.equal(api.messages.length, 3)
  })

  test('posts a long text in numbered parts, split at words, that X accepts', async (t) => {
    const { notifier, api } = await reachX(t, { mode: 'post' })
    const words = Array.from({ length: 120 }, (_, i) => `word${i}`)
    assert.equal((await sendAll(notifier, { ...alertOf(), text: words.join(' ') }, 'a')).kind, 'delivered')
    assert.deepEqual(
      api.posts.map((post) => post.slice(0, 6)),
      ['(1/4) ', '(2/4) ', '(3/4) ', '(4/4) '],
    )
    assert.deepEqual(
      api.posts.flatMap((post) =>
        post
          .slice(6)
          .replace(/ · .*$/, '')
          .split(' '),
      ),
      words,
    )
  })

  test('or cut, where the configuration says so', async (t) => {
    const { notifier, api } = await reachX(t, { mode: 'post', long: 'cut' })
    assert.equal((await notifier.send({ ...alertOf(), text: 'word '.repeat(100) }, attemptOf())).kind, 'delivered')
    assert.match(api.posts[0] ?? '', /^(word ?)+… · /)
  })

  test('whatever the user is called, X takes it', async (t) => {
    const { notifier, api } = await reachX(t, { mode: 'post' })
    for (const user of [
      'bob',
      'b'.repeat(1000),
      'a.b@c#d'.repeat(100),
      '語'.repeat(300),
      '😀'.repeat(300),
      'a '.repeat(4000),
    ])
      assert.equal((await sendAll(notifier, alertOf({ user }), user)).kind, 'delivered', user)
    assert.ok(api.posts.length > 12)
  })

  test('never posts the same text twice, even of the same moment', async (t) => {
    const { notifier, api } = await reachX(t, { mode: 'post' })
    for (const key of ['a', 'b', 'c'])
      assert.equal((await notifier.send(alertOf(), attemptOf(key))).kind, 'delivered', key)
    assert.equal(new Set(api.posts).size, 3)
  })

  test('a post whose answer got lost is not made again, and counts as delivered', async (t) => {
    const { notifier, api } = await reachX(t, { mode: 'post' })
    const alert = { ...alertOf(), text: 'word '.repeat(100).trim() }
    api.silent = true
    assert.equal((await notifier.send(alert, attemptOf())).kind, 'retry')
    api.silent = false
    assert.deepEqual(await notifier.send(alert, attemptOf(undefined, { earlier: 1 })), { kind: 'partly' })
    assert.equal((await notifier.send(alert, attemptOf(undefined, { earlier: 2, part: 1 }))).kind, 'delivered')
    assert.equal(api.posts.length, 2)
    // A first attempt that X calls a repetition is none of ours.
    assert.equal((await notifier.send(alert, attemptOf())).kind, 'refused')
  })

  test('facts adds what pam_unix logs of it', async (t) => {
    const { notifier, api } = await reachX(t, { mode: 'post', facts: true })
    const fields = { type: 'auth', outcome: 'failure', user: 'root', rhost: '203.0.113.9' } as const
    await notifier.send(alertOf({ ...fields, pid: 4711, uid: 0, tty: 'ssh', ruser: '' }), attemptOf())
    assert.match(
      api.posts[0] ?? '',
      /^root: password refused on web-1 \(sshd\) from 203\.0\.113\.9; sshd\[4711\] uid=0 tty=ssh ruser= rhost=203\.0\.113\.9 · 11-20 14:38:36Z/,
    )
  })

  test('a rate limit says when to come again', async (t) => {
    const { notifier, api } = await reachX(t)
    api.remaining = 0
    const outcome = await notifier.send(alertOf(), attemptOf())
    assert.ok(
      outcome.kind === 'retry' && outcome.afterMs !== undefined && outcome.afterMs > 500_000,
      JSON.stringify(outcome),
    )
  })

  test('a permission that was taken back pauses; a clock that is off is named', async (t) => {
    const { notifier, api } = await reachX(t)
    const reason = async () => {
      const outcome = await notifier.send(alertOf(), attemptOf())
      return outcome.kind === 'retry' && outcome.pause ? outcome.reason : outcome
    }
    api.revoked = true
    assert.equal(await reason(), 'HTTP 401: Unauthorized; the permission may be gone: pam-alert authorize x')
    api.ahead = 12 * 60_000
    assert.equal(
      await reason(),
      'HTTP 401: Unauthorized; the clock of this machine is 12 minutes slow, which X refuses: set it',
    )
  })

  test('is not created without a recipient for its messages', () => {
    assert.throws(() => x.create({ mode: 'dm' }, dependencies()), /mode "dm" wants a "recipient"/)
  })
})

describe("x's texts", () => {
  const anyText = fc.string({
    unit: fc.constantFrom('a', 'é', ' ', ' ', '語', '😀', '👨‍👩‍👧', '.', '@', '#x', '\u0958', '\u200b', '…'),
    maxLength: 900,
  })

  test('weigh what twitter-text says, and never less', () => {
    const theirs = (text: string) => twitter.parseTweet(text).weightedLength
    for (const plain of ['', 'hello', 'é è', '語語', 'a\u2026b', 'x\u200by', '\u0958', '…·–—'])
      assert.equal(weightOf(plain), theirs(plain), plain)
    fc.assert(fc.property(anyText, (text) => weightOf(defuse(text)) >= theirs(defuse(text))))
  })

  test('are in parts that fit and hold all words in order', () => {
    fc.assert(
      fc.property(anyText, fc.constantFrom('split', 'cut'), (text, long) => {
        const whole = text.trim().normalize('NFC')
        const parts = partsOf(whole, ' · z', 100, long)
        for (const part of parts) assert.ok(weightOf(part) <= 100, part)
        if (long === 'cut') return assert.equal(parts.length, 1)
        const bare = parts.map((part) => part.replace(/^\(\d\/\d\) /, '').replace(/ · z$/, '')).join('')
        const dense = (text: string) => text.replaceAll(/\s/g, '')
        if (parts.length < 9) assert.equal(dense(bare), dense(whole))
      }),
    )
  })
})

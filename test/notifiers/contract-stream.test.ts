// What every notifier that speaks TCP must do, whatever is at the other end.
import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { describe, test } from 'node:test'
import { alertOf } from '../helpers/alerts.ts'
import { createAuthority } from '../helpers/certs.ts'
import { attemptOf, reachStream, STREAMS } from '../helpers/notifiers.ts'
import { freePort } from '../helpers/receiver.ts'
import { createTcp, type Tcp } from '../helpers/tcp.ts'

/** The other end is wrong, and shows it: the attempt ends by itself. */
const WRONG: Record<string, (socket: Socket) => void> = {
  reset: (socket) => socket.resetAndDestroy(),
  'a web server': (socket) => socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n<!doctype html>'),
  garbage: (socket) => socket.end(Buffer.from('ff00fe0a0d0a', 'hex')),
  'an answer that has no end': (socket) => {
    const more = () => {
      while (socket.write('x'.repeat(65_536)));
    }
    socket.on('drain', more)
    more()
  },
  'lines that have no end': (socket) => {
    const more = () => {
      while (socket.write('220-and more\r\n'.repeat(4096)));
    }
    socket.on('drain', more)
    more()
  },
}

/** The other end says nothing that would end it: only the deadline does. */
const SLOW: Record<string, (socket: Socket, abort: () => void) => void> = {
  silent: (_, abort) => abort(),
  drips: (socket, abort) => socket.write('2', abort),
}

const gone = ({ open }: Tcp) => Promise.all([...open].map((socket) => new Promise((done) => socket.on('close', done))))

for (const [type, { secrets }] of Object.entries(STREAMS))
  describe(`notifier ${type}`, () => {
    for (const [name, does] of Object.entries(WRONG))
      test(`retry: ${name}`, async (t) => {
        const tcp = await createTcp(t, does)
        const outcome = await reachStream(type, 'plain', tcp.port).send(alertOf(), attemptOf('k'))
        assert.equal(outcome.kind, 'retry', JSON.stringify(outcome))
        assert.equal(tcp.connections, 1, 'one attempt')
        await gone(tcp)
      })

    for (const how of ['plain', 'encrypted'] as const)
      for (const [name, does] of Object.entries(SLOW))
        test(`ends with the signal, and leaves no socket, while the other end is ${name} (${how})`, async (t) => {
          const controller = new AbortController()
          const tcp = await createTcp(t, (socket) => does(socket, () => controller.abort()))
          const outcome = await reachStream(type, how, tcp.port).send(alertOf(), attemptOf('k', controller))
          assert.equal(outcome.kind, 'retry', JSON.stringify(outcome))
          await gone(tcp)
        })

    test('retry: nobody listens; or the signal was there before', async () => {
      const port = await freePort()
      assert.equal((await reachStream(type, 'plain', port).send(alertOf(), attemptOf('k'))).kind, 'retry')
      const controller = new AbortController()
      controller.abort()
      assert.equal((await reachStream(type, 'plain', port).send(alertOf(), attemptOf('k', controller))).kind, 'retry')
    })

    test('sends nothing to a host without a valid certificate', async (t) => {
      const authority = await createAuthority()
      const past = { from: new Date(Date.now() - 9 * 86_400_000), to: new Date(Date.now() - 86_400_000) }
      const certificates = [
        await authority.issue('127.0.0.1', past),
        await authority.issue('elsewhere.example'),
        await (await createAuthority()).issue('127.0.0.1'),
      ]
      for (const certificate of certificates) {
        const tcp = await createTcp(t, (socket) => socket.write('220 mx.example ESMTP\r\n'), certificate)
        const outcome = await reachStream(type, 'encrypted', tcp.port, authority.cert).send(alertOf(), attemptOf('k'))
        assert.equal(outcome.kind, 'retry', JSON.stringify(outcome))
        assert.equal(tcp.bytes, 0)
      }
    })

    test('repeats no secret of ours that the other end quotes', async (t) => {
      const quoted = Object.values(secrets).join(' ')
      const tcp = await createTcp(t, (socket) => socket.end(`554 go away with ${quoted}\r\n`))
      const outcome = JSON.stringify(await reachStream(type, 'plain', tcp.port).send(alertOf(), attemptOf('k')))
      for (const secret of Object.values(secrets)) assert.ok(!outcome.includes(secret), outcome)
    })
  })

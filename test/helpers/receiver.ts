// An HTTP(S) server on 127.0.0.1 that keeps what it gets and answers as the test says; and a CONNECT
// proxy that takes every name to such a server.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, connect, type Socket } from 'node:net'
import type { Certificate } from './certs.ts'
import { onEnd, type Scope } from './temp.ts'

export interface Received {
  method: string
  path: string
  headers: IncomingMessage['headers']
  body: Buffer
}

export type Respond = (request: Received, response: ServerResponse) => void

export interface Receiver {
  port: number
  url: string
  received: Received[]
  /** The next request, whole. */
  next(): Promise<Received>
  respond: Respond
  /** Sockets that are open now. */
  open: Set<Socket>
}

async function start(t: Scope, server: Server): Promise<{ port: number; open: Set<Socket> }> {
  const open = new Set<Socket>()
  const keep = (socket: Socket) => {
    open.add(socket)
    socket.on('error', () => {}).on('close', () => open.delete(socket))
  }
  server.on('connection', keep)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onEnd(t, () => {
    server.close()
    for (const socket of open) socket.destroy()
  })
  return { port: (server.address() as AddressInfo).port, open }
}

export async function createReceiver(t: Scope, certificate?: Certificate): Promise<Receiver> {
  const waiting: ((request: Received) => void)[] = []
  const unread: Received[] = []
  const handle: RequestListener = (request, response) => {
    const chunks: Buffer[] = []
    request.on('error', () => {})
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const whole = {
        method: request.method ?? '',
        path: request.url ?? '',
        headers: request.headers,
        body: Buffer.concat(chunks),
      }
      receiver.received.push(whole)
      receiver.respond(whole, response)
      const waiter = waiting.shift()
      if (waiter) waiter(whole)
      else unread.push(whole)
    })
  }
  const server = certificate ? createTlsServer(certificate, handle) : createServer(handle)
  server.on('tlsClientError', () => {})
  const { port, open } = await start(t, server)
  const receiver: Receiver = {
    port,
    url: `${certificate ? 'https' : 'http'}://127.0.0.1:${port}`,
    received: [],
    next: () =>
      new Promise((resolve) => {
        const first = unread.shift()
        if (first) resolve(first)
        else waiting.push(resolve)
      }),
    respond: (_, response) => response.writeHead(200).end(),
    open,
  }
  return receiver
}

/** A port of 127.0.0.1 on which nobody listens. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  return port
}

export interface ConnectProxy {
  url: string
  /** What was asked for, as HOST:PORT. */
  targets: string[]
  open: Set<Socket>
  /** false: connections are taken and never answered. */
  answers: boolean
}

/** @param ports host name → port on 127.0.0.1; other names are refused with 403 */
export async function createProxy(t: Scope, ports: ReadonlyMap<string, number>): Promise<ConnectProxy> {
  const server = createServer((_, response) => response.writeHead(405).end())
  const { port, open } = await start(t, server)
  const proxy: ConnectProxy = { url: `http://127.0.0.1:${port}`, targets: [], open, answers: true }
  server.on('connect', (request: IncomingMessage, client: Socket) => {
    const target = request.url ?? ''
    proxy.targets.push(target)
    if (!proxy.answers) return
    const to = ports.get(target.replace(/:\d+$/, ''))
    if (to === undefined) {
      client.end('HTTP/1.1 403 Forbidden\r\n\r\n')
      return
    }
    const upstream = connect(to, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n')
      upstream.pipe(client).pipe(upstream)
    })
    upstream.on('error', () => client.destroy())
    upstream.on('close', () => client.destroy())
    client.on('close', () => upstream.destroy())
  })
  return proxy
}

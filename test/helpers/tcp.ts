// A TCP or TLS server on 127.0.0.1 that does to each connection what the test says.
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import type { Certificate } from './certs.ts'
import { onEnd, type Scope } from './temp.ts'

export interface Tcp {
  port: number
  /** Connections that were made, whatever became of them. */
  connections: number
  /** Bytes that came in, behind any encryption. */
  bytes: number
  /** Sockets that are open now. */
  open: Set<Socket>
}

export async function createTcp(t: Scope, does: (socket: Socket) => void, certificate?: Certificate): Promise<Tcp> {
  const tcp: Tcp = { port: 0, connections: 0, bytes: 0, open: new Set() }
  const take = (socket: Socket) => {
    socket
      .on('error', () => {})
      .on('data', (chunk) => {
        tcp.bytes += chunk.length
      })
    does(socket)
  }
  const server = certificate ? createTlsServer(certificate, take).on('tlsClientError', () => {}) : createServer(take)
  server.on('connection', (socket: Socket) => {
    tcp.connections += 1
    tcp.open.add(socket)
    socket.on('error', () => {}).on('close', () => tcp.open.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onEnd(t, () => {
    server.close()
    for (const socket of tcp.open) socket.destroy()
  })
  tcp.port = (server.address() as AddressInfo).port
  return tcp
}

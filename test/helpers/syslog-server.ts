// A syslog server over TCP or TLS that takes octet-counted frames (RFC 6587, RFC 5425) and nothing that
// RFC 5424 does not allow. Written apart from our code.
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { createServer as createTlsServer } from 'node:tls'
import type { Certificate } from './certs.ts'
import { onEnd, type Scope } from './temp.ts'

export interface SyslogMessage {
  facility: number
  severity: number
  time: string
  host: string
  app: string
  pid: string
  id: string
  data: Record<string, Record<string, string>>
  text: string
}

/** @throws Error naming what is malformed */
export function framesOf(stream: Buffer): string[] {
  const frames: string[] = []
  let rest = stream
  while (rest.length > 0) {
    const length = /^([1-9]\d{0,8}) /.exec(rest.subarray(0, 10).toString('latin1'))?.[1]
    if (length === undefined) throw new Error(`no MSG-LEN: ${rest.toString('latin1').slice(0, 40)}`)
    const from = length.length + 1
    if (rest.length < from + Number(length)) throw new Error('a frame is cut')
    frames.push(
      new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(rest.subarray(from, from + Number(length))),
    )
    rest = rest.subarray(from + Number(length))
  }
  return frames
}

const ELEMENT = /^\[([!#-<>-\\^-~]{1,32})((?: [!#-<>-\\^-~]{1,32}="(?:[^"\\\]]|\\.)*")*)\]/su

function dataOf(text: string): { data: SyslogMessage['data']; rest: string } {
  if (text.startsWith('-')) return { data: {}, rest: text.slice(1) }
  const data: SyslogMessage['data'] = {}
  let rest = text
  for (let found = ELEMENT.exec(rest); found; found = ELEMENT.exec(rest)) {
    const [element, id = '', parameters = ''] = found
    if (id in data) throw new Error(`SD-ID ${id} is there twice`)
    const values = parameters.matchAll(/ ([^=]+)="((?:[^"\\\]]|\\.)*)"/gsu)
    data[id] = Object.fromEntries([...values].map(([, name, value]) => [name, value?.replaceAll(/\\(["\\\]])/g, '$1')]))
    rest = rest.slice(element.length)
  }
  if (rest === text) throw new Error(`no structured data: ${text.slice(0, 60)}`)
  return { data, rest }
}

/** @throws Error naming what is malformed */
export function parseSyslog(frame: string): SyslogMessage {
  const time = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z`
  const header = new RegExp(
    `^<([1-9]?\\d|1[0-8]\\d|19[01])>1 (${time}) ([!-~]{1,255}) ([!-~]{1,48}) ([!-~]{1,128}) ([!-~]{1,32}) `,
  )
  const found = header.exec(frame)
  if (!found) throw new Error(`no header: ${JSON.stringify(frame.slice(0, 120))}`)
  const [all, priority, at = '', host = '', app = '', pid = '', id = ''] = found
  const { data, rest } = dataOf(frame.slice(all.length))
  if (rest !== '' && !rest.startsWith(' ')) throw new Error(`no space before the message: ${rest.slice(0, 40)}`)
  const said = rest.slice(1)
  if (/[^\0-\x7f]/.test(said) && !said.startsWith('\ufeff')) throw new Error('UTF-8 without its mark')
  const number = Number(priority)
  return {
    facility: number >> 3,
    severity: number & 7,
    time: at,
    host,
    app,
    pid,
    id,
    data,
    text: said.replace('\ufeff', ''),
  }
}

export interface SyslogServer {
  port: number
  messages: SyslogMessage[]
  /** What was wrong with what came. */
  faults: string[]
}

export async function createSyslogServer(t: Scope, certificate?: Certificate): Promise<SyslogServer> {
  const messages: SyslogMessage[] = []
  const faults: string[] = []
  const open = new Set<Socket>()
  const take = (socket: Socket) => {
    open.add(socket)
    socket.on('close', () => open.delete(socket))
    buffer(socket)
      .then((all) => messages.push(...framesOf(all).map(parseSyslog)))
      .catch((error: Error) => faults.push(error.message))
  }
  const server = certificate ? createTlsServer(certificate, take) : createServer(take)
  server.on('tlsClientError', (error: Error) => faults.push(error.message))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onEnd(t, () => {
    server.close()
    for (const socket of open) socket.destroy()
  })
  return { port: (server.address() as AddressInfo).port, messages, faults }
}

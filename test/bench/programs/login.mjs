// The same in Node.
import { randomUUID } from 'node:crypto'
import { request } from 'node:http'

const event = { id: randomUUID(), user: process.env.PAM_USER, rhost: process.env.PAM_RHOST }
request(process.argv[2], { method: 'POST', headers: { 'Content-Type': 'application/json' } })
  .on('response', (response) => response.resume())
  .end(JSON.stringify(event))

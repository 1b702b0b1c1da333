// The bare server: node:http before node:sqlite, each event committed to disk by itself, and nothing else.
//   server.mjs DATABASE SOCKET    prints the port of 127.0.0.1 on which it listens, too
import { createServer } from 'node:http'
import { DatabaseSync } from 'node:sqlite'

const [database, socket] = process.argv.slice(2)
const db = new DatabaseSync(database)
db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
  CREATE TABLE IF NOT EXISTS event (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, record TEXT NOT NULL)`)
const insert = db.prepare('INSERT INTO event (id, record) VALUES (?, ?)')

function answer(request, response) {
  let body = ''
  request.setEncoding('utf8')
  request.on('data', (chunk) => {
    body += chunk
  })
  request.on('end', () => {
    const { id } = JSON.parse(body)
    const { lastInsertRowid } = insert.run(id, body)
    response.writeHead(202, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ id, seq: Number(lastInsertRowid) }))
  })
}

createServer(answer).listen(socket)
const server = createServer(answer)
server.listen(0, '127.0.0.1', () => process.stdout.write(`${server.address().port}\n`))

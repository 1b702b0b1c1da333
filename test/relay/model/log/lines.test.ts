import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { escapeLine } from '../../../../relay/model/log/escape.ts'
import { parseLine } from '../../../../relay/model/log/line.ts'
import { createSplitter } from '../../../../relay/model/log/split.ts'
import { yearsFrom, yearsUntil } from '../../../../relay/model/log/time.ts'

const now = () => Date.parse('2026-03-01T12:00:00Z')
const parse = (text: string) => parseLine({ bytes: Buffer.from(text), cut: null }, yearsUntil(now))

/** The bytes that an escaped text stands for. */
const unescaped = (text: string) =>
  Buffer.concat(
    text
      .split(/(\\x[0-9a-f]{2})/)
      .map((part) => (/^\\x[0-9a-f]{2}$/.test(part) ? Buffer.from(part.slice(2), 'hex') : Buffer.from(part))),
  )

const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.string({ unit: 'binary' }).map((text) => new Uint8Array(Buffer.from(text))),
  fc
    .array(fc.constantFrom('\\', 'x', '0', '\u202e', '\n', 'é'))
    .map((text) => new Uint8Array(Buffer.from(text.join('')))),
)

describe('a line of a log', () => {
  test('is escaped so that no byte is lost and none does harm', () => {
    fc.assert(
      fc.property(bytes, (line) => {
        const text = escapeLine(line)
        assert.doesNotMatch(text, /[\p{Cc}\u2028\u2029\u202e\u200b]/u)
        assert.deepEqual(new Uint8Array(unescaped(text)), line)
      }),
    )
  })

  test('gives time, host, program and process', () => {
    const { stamp, host, program, pid, message } = parse('2026-02-03T04:05:06.789012+01:00 web-1 sshd[42]: Accepted')
    assert.deepEqual(
      [stamp?.time, host, program, pid, message],
      ['2026-02-03T03:05:06.789012Z', 'web-1', 'sshd', 42, 'Accepted'],
    )
  })

  test('with the tag of an old pam_unix names module and service as today', () => {
    const { program, pid, message } = parse('Jun  4 15:16:01 web-1 sshd(pam_unix)[42]: check pass; user unknown')
    assert.deepEqual([program, pid, message], ['sshd', 42, 'pam_unix(sshd): check pass; user unknown'])
  })

  test('of a daemon without a tag is a time and a message', () => {
    const { stamp, program, message } = parse('Sun Feb  1 10:00:00 2026 [pid 7] [bob] OK LOGIN: Client "192.0.2.7"')
    assert.equal(stamp?.ms, new Date(2026, 1, 1, 10).getTime())
    assert.deepEqual([program, message], ['', '[pid 7] [bob] OK LOGIN: Client "192.0.2.7"'])
  })

  test('that says nothing of the kind is a message', () => {
    for (const text of ['', 'hello', 'Jun 99 25:61:61 x y: z', '9999-99-99T99:99:99Z x y: z'])
      assert.deepEqual([parse(text).stamp, parse(text).message], [null, text])
  })

  test('never breaks the parser, and stays as long as an event may hold', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5000, size: 'max' }), (line) => {
        const { text, cut } = parseLine({ bytes: line, cut: null }, yearsUntil(now))
        assert.ok(text.length <= 4096)
        assert.equal(cut !== null, line.length > 1000)
      }),
    )
  })
})

describe('the year that syslog leaves out', () => {
  const at = (text: string, years: ReturnType<typeof yearsUntil>) =>
    new Date(parseLine({ bytes: Buffer.from(text), cut: null }, years).stamp?.ms ?? 0).getFullYear()

  test('is the newest that lies not ahead', () => {
    const years = yearsUntil(now)
    assert.deepEqual(
      ['Feb 28 00:00:00 h p: m', 'Mar  1 23:59:59 h p: m', 'Dec 31 00:00:00 h p: m'].map((line) => at(line, years)),
      [2026, 2026, 2025],
    )
  })

  test('goes on over New Year in an old log', () => {
    const years = yearsFrom(new Date(2025, 0, 2).getTime())
    assert.deepEqual(
      ['Nov 30 00:00:00 h p: m', 'Dec 31 23:59:59 h p: m', 'Jan  1 00:00:00 h p: m', 'Dec 31 23:59:59 h p: m'].map(
        (line) => at(line, years),
      ),
      [2024, 2024, 2025, 2024],
    )
  })
})

describe('the splitter', () => {
  test('finds the same lines whatever the pieces', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: fc.constantFrom('a', 'é', '\r', '\\') })),
        fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }),
        (texts, sizes) => {
          const log = Buffer.from(texts.map((text) => `${text}\n`).join(''))
          const splitter = createSplitter(100)
          const lines = []
          for (let from = 0, i = 0; from < log.length; i++) {
            const size = sizes[i % sizes.length] ?? 1
            lines.push(...splitter.push(log.subarray(from, from + size)))
            from += size
          }
          assert.deepEqual(
            lines.map((line) => Buffer.from(line.bytes).toString()),
            texts.map((text) => text.replace(/\r$/, '')),
          )
          for (const [i, { offset }] of lines.entries()) assert.equal(offset, lines[i - 1]?.end ?? 100)
          assert.equal(lines.at(-1)?.end ?? 100, 100 + log.length)
          assert.equal(splitter.rest(), null)
        },
      ),
    )
  })

  test('keeps the beginning of an endless line, its length and its hash', () => {
    const splitter = createSplitter(0)
    for (let i = 0; i < 100; i++) assert.deepEqual(splitter.push(Buffer.alloc(10_000, 'x')), [])
    const [line] = splitter.push(Buffer.from('\nnext'))
    assert.deepEqual([line?.bytes.length, line?.cut?.bytes, line?.end], [65_536, 1_000_000, 1_000_001])
    // printf 'x%.0s' {1..1000000} | sha256sum
    assert.equal(line?.cut?.sha256, '1b977e9f84f1b26b6ed7f68b0498faee2385ea4125bd29adce4a7d9106ba3134')
  })

  test('passes over the hole at the beginning of a file that was truncated under its writer', () => {
    const splitter = createSplitter(0)
    assert.deepEqual(splitter.push(Buffer.alloc(100_000)), [])
    const [line] = splitter.push(Buffer.from('\0\0whole\n'))
    assert.equal(Buffer.from(line?.bytes ?? []).toString(), 'whole')
  })
})

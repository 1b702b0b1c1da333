// A tiny MMDB file, written after https://maxmind.github.io/MaxMind-DB/ – none may be shipped.
import ipaddr from 'ipaddr.js'

export type Entry = { readonly [key: string]: string | number | Entry | readonly string[] }
type Node = { left: Node | Leaf | null; right: Node | Leaf | null }
type Leaf = { entry: Entry }

/** Types by their numbers; those above 7 have a byte of their own behind the size. */
function encode(value: Entry[string]): Buffer {
  const head = (type: number, size: number) => (type <= 7 ? [(type << 5) | size] : [size, type - 7])
  if (typeof value === 'string') {
    const text = Buffer.from(value)
    return Buffer.from([...(text.length < 29 ? head(2, text.length) : [...head(2, 29), text.length - 29]), ...text])
  }
  if (typeof value === 'number')
    return Buffer.from([...head(6, 4), value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255])
  if (Array.isArray(value)) return Buffer.concat([Buffer.from(head(11, value.length)), ...value.map(encode)])
  const pairs = Object.entries(value as Entry)
  return Buffer.concat([
    Buffer.from(head(7, pairs.length)),
    ...pairs.flatMap(([key, inner]) => [encode(key), encode(inner)]),
  ])
}

/** IPv4 lies at ::/96. */
function bitsOf(network: string): number[] {
  const [address = '', length = ''] = network.split('/')
  const v4 = ipaddr.IPv4.isValid(address)
  const bytes = [...(v4 ? new Array(12).fill(0) : []), ...ipaddr.parse(address).toByteArray()]
  const bits = bytes.flatMap((byte) => [7, 6, 5, 4, 3, 2, 1, 0].map((bit) => (byte >> bit) & 1))
  return bits.slice(0, Number(length) + (v4 ? 96 : 0))
}

/** @param networks CIDR → what the file says of it; none inside another */
export function mmdb(networks: Readonly<Record<string, Entry>>): Buffer {
  const root: Node = { left: null, right: null }
  for (const [network, entry] of Object.entries(networks)) {
    const bits = bitsOf(network)
    let node = root
    bits.forEach((bit, i) => {
      const side = bit === 0 ? 'left' : 'right'
      if (i === bits.length - 1) {
        node[side] = { entry }
      } else {
        node[side] ??= { left: null, right: null }
        node = node[side] as Node
      }
    })
  }
  const nodes: Node[] = [root]
  for (const node of nodes) for (const next of [node.left, node.right]) if (next && !('entry' in next)) nodes.push(next)

  const data: Buffer[] = []
  const record = (next: Node | Leaf | null): number[] => {
    const offset = () => data.reduce((sum, { length }) => sum + length, 0)
    const value = next === null ? nodes.length : 'entry' in next ? nodes.length + 16 + offset() : nodes.indexOf(next)
    if (next && 'entry' in next) data.push(encode(next.entry))
    return [(value >> 16) & 255, (value >> 8) & 255, value & 255]
  }
  const tree = Buffer.from(nodes.flatMap(({ left, right }) => [...record(left), ...record(right)]))
  const metadata = encode({
    binary_format_major_version: 2,
    binary_format_minor_version: 0,
    build_epoch: 0,
    database_type: 'Test',
    description: { en: 'Test' },
    ip_version: 6,
    languages: ['en'],
    node_count: nodes.length,
    record_size: 24,
  })
  return Buffer.concat([tree, Buffer.alloc(16), ...data, Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1'), metadata])
}

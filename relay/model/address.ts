// Internet addresses as one writes them, and the network around one. It asks nobody.
import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

/** What one customer of a provider usually has. */
const NETWORK_BITS = { ipv4: 24, ipv6: 48 } as const

/** Without a zone, shortened, and an IPv4 address in IPv6 dress as IPv4. null if it isn't one. */
export function addressOf(text: string): string | null {
  const bare = text.replace(/%.*$/, '')
  return isIP(bare) === 0 ? null : ipaddr.process(bare).toString()
}

/** The /24 or /48 around an address as `addressOf` gives it, e.g. 192.0.2.0/24. */
export function networkOf(address: string): string {
  const parsed = ipaddr.parse(address)
  const bits = NETWORK_BITS[parsed.kind()]
  return `${ipaddr.fromByteArray(parsed.toByteArray().fill(0, bits / 8))}/${bits}`
}

/**
 * As what a source is counted: who has one address of an IPv6 /64 has them all. All else is what it is, also
 * an IPv4 address behind a translator (RFC 6052), whose neighbours are everybody.
 */
export function countedSource(source: string): string {
  if (isIP(source) !== 6 || ipaddr.parse(source).range() === 'rfc6052') return source
  return `${ipaddr.IPv6.networkAddressFromCIDR(`${source}/64`).toString()}/64`
}

/** 192.0.2.7 → 192.0.2.0; null if it isn't an address. */
export function networkAddress(text: string): string | null {
  const address = addressOf(text)
  return address === null ? null : networkOf(address).replace(/\/.*/, '')
}

/** An address, or a network such as 10.0.0.0/8. */
export function isNetwork(text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/')
  const version = isIP(address)
  return (
    version !== 0 &&
    rest.length === 0 &&
    (prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (version === 4 ? 32 : 128)))
  )
}

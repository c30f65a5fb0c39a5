import { lookup as systemLookup } from 'node:dns'
import type { LookupFunction } from 'node:net'
import { BlockList, isIP } from 'node:net'
import { GitError } from '../errors.ts'
import { displayUrl } from '../url.ts'

const internal = new BlockList()
for (const [network, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
] as const) {
  internal.addSubnet(network, bits, 'ipv4')
  internal.addSubnet(`::ffff:${network}`, 96 + bits, 'ipv6')
}
for (const [network, bits] of [
  ['::', 127],
  ['64:ff9b::', 96],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const) {
  internal.addSubnet(network, bits, 'ipv6')
}

/** Loopback, private, link-local, multicast and reserved addresses. */
export function isInternal(address: string): boolean {
  const family = isIP(address)
  return family !== 0 && internal.check(address, family === 6 ? 'ipv6' : 'ipv4')
}

/**
 * Where a redirect leads: only the same host (never from https down to http), or https to https on another public
 * host. Throws REDIRECT_REFUSED.
 */
export function checkRedirect(from: URL, location: string): URL {
  const to = URL.parse(location, from.href)
  const refuse = (reason: string): GitError =>
    new GitError('REDIRECT_REFUSED', from.host, `${from.host} redirects to ${displayUrl(location)}: ${reason}`)
  if (!to) throw refuse('this is not a valid URL')
  if (to.protocol !== 'https:' && to.protocol !== 'http:') throw refuse('only http and https are followed')
  if (to.username || to.password) throw refuse('it holds credentials')
  if (from.protocol === 'https:' && to.protocol === 'http:') throw refuse('from https only https is followed')
  if (to.host === from.host) return to
  const upgrade = to.hostname === from.hostname && from.protocol === 'http:' && to.protocol === 'https:'
  if (upgrade) return to
  if (from.protocol !== 'https:') throw refuse('another host is followed only from https to https')
  const name = to.hostname.replace(/^\[|\]$/g, '')
  if (isInternal(name) || name === 'localhost' || name.endsWith('.localhost')) {
    throw refuse('it is an internal address: configure that address itself')
  }
  return to
}

/** A name look-up that fails on internal addresses, so that a name cannot be pointed at one after the check. */
export const publicLookup: LookupFunction = (hostname, options, callback) => {
  systemLookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error) return callback(error, '', 0)
    const inside = addresses.find(({ address }) => isInternal(address))
    if (inside) {
      const refused = new GitError('REDIRECT_REFUSED', hostname, `redirect to ${hostname}: it is an internal address`)
      return callback(refused, '', 0)
    }
    const [first] = addresses
    if (options.all) return callback(null, addresses)
    return callback(null, first?.address ?? '', first?.family ?? 0)
  })
}

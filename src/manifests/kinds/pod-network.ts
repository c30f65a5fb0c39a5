import { found } from '../found.ts'
import { dnsLabelFault, dnsNameFault } from '../names.ts'
import type { Path } from '../position.ts'
import { type Review, reportFault } from '../review.ts'
import type { PodSpec } from '../types.ts'

const mostNameservers = 3
const mostSearches = 32
const longestSearch = 2048

/** How a pod is called, and whom it asks for the names of others. */
export function reviewNames(spec: PodSpec, path: Path, review: Review): void {
  const { hostname, subdomain, hostAliases = [] } = spec
  for (const [member, name] of Object.entries({ hostname, subdomain })) {
    if (name) reportFault(review, [...path, member], dnsLabelFault(name), found(name))
  }
  for (const [index, { ip, hostnames = [] }] of hostAliases.entries()) {
    const at = [...path, 'hostAliases', index]
    reportFault(review, [...at, 'ip'], addressFault(ip), found(ip))
    for (const [number, name] of hostnames.entries()) {
      reportFault(review, [...at, 'hostnames', number], dnsNameFault(name), found(name))
    }
  }
  reviewDns(spec, path, review)
}

function reviewDns({ dnsPolicy, dnsConfig = {} }: PodSpec, path: Path, review: Review): void {
  const { nameservers = [], searches = [], options = [] } = dnsConfig
  const at = [...path, 'dnsConfig']
  if (dnsPolicy === 'None' && nameservers.length === 0) {
    review.problem([...at, 'nameservers'], 'expected at least one address for the dnsPolicy None, found none')
  }
  if (nameservers.length > mostNameservers) {
    review.problem([...at, 'nameservers'], `expected at most ${mostNameservers}, found ${nameservers.length}`)
  }
  for (const [index, address] of nameservers.entries()) {
    reportFault(review, [...at, 'nameservers', index], addressFault(address), found(address))
  }
  if (searches.length > mostSearches || searches.join(' ').length > longestSearch) {
    const message = `expected at most ${mostSearches} names of ${longestSearch} characters in all`
    review.problem([...at, 'searches'], `${message}, found ${searches.length}`)
  }
  for (const [index, name] of searches.entries()) {
    if (name === '.') continue
    // Names of services may hold underscores, and may end with a point.
    const plain = name.replace(/\.$/, '').replaceAll('_', 'x')
    reportFault(review, [...at, 'searches', index], dnsNameFault(plain), found(name))
  }
  for (const [index, { name }] of options.entries()) {
    if (!name) review.problem([...at, 'options', index, 'name'], 'expected a name, found nothing')
  }
}

/** IPv4 or IPv6. */
export function addressFault(text: string): string | undefined {
  const fine =
    /^(?:(?:25[0-5]|2[0-4][0-9]|1?[0-9]{1,2})(?:\.(?!$)|$)){4}$/.test(text) ||
    (/^[0-9a-fA-F:.]+$/.test(text) && text.split(':').length > 2)
  return fine ? undefined : 'expected an IP address'
}

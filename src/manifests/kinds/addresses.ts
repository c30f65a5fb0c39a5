import { found } from '../found.ts'
import { ipv4Number, ipv4Range, isIpv6, isIpv6Range, isSpecialAddress } from '../ipv4.ts'
import type { Path } from '../position.ts'
import type { Review } from '../review.ts'

export const onlyIpv4 = 'pods and Services have addresses of IPv4 alone'

/** An address that traffic is sent to. */
export function reviewTarget(address: string, path: Path, review: Review): void {
  const number = ipv4Number(address)
  if (number === undefined) {
    const why = isIpv6(address) ? `, as ${onlyIpv4}` : ''
    review.problem(path, `expected an IPv4 address${why}, found ${found(address)}`)
  } else if (isSpecialAddress(number)) {
    review.problem(path, `expected an address that other machines can reach, found ${found(address)}`)
  }
}

/** A range of addresses; those of IPv6 match nothing. Answers whether it is one of IPv4. */
export function reviewRange(range: string, path: Path, review: Review): boolean {
  if (ipv4Range(range)) return true
  if (isIpv6Range(range)) review.ignored(path, onlyIpv4)
  else review.problem(path, `expected a range of addresses like "10.0.0.0/8", found ${found(range)}`)
  return false
}

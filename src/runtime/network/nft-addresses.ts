import { ipv4Range, ipv4Text } from '../../manifests/ipv4.ts'

/** Without overlaps, which nft refuses. Other addresses than IPv4 are left out. */
export function addressList(peers: readonly string[]): string {
  const ranges = peers.flatMap((peer): [number, number][] => {
    const range = ipv4Range(peer.includes('/') ? peer : `${peer}/32`)
    return range ? [[range.first, range.last]] : []
  })
  return merged(ranges)
    .map(([first, last]) => (first === last ? ipv4Text(first) : `${ipv4Text(first)}-${ipv4Text(last)}`))
    .join(', ')
}

export function merged(ranges: readonly (readonly [number, number])[]): [number, number][] {
  const result: [number, number][] = []
  for (const [first, last] of [...ranges].sort((a, b) => a[0] - b[0] || a[1] - b[1])) {
    const before = result.at(-1)
    if (before && first <= before[1] + 1) before[1] = Math.max(before[1], last)
    else result.push([first, last])
  }
  return result
}

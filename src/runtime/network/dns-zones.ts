// What the DNS server of a host answers by itself, as lines of zone files. A line is a whole record (`name. 5 IN A address`), so that files,
// updates and what the server tells can be compared as they are.
import type { Key } from '../../base/key.ts'
import { ipv4Number, ipv4Range, ipv4Text } from '../../manifests/ipv4.ts'
import { type DnsRecord, recordsOf } from './service-records.ts'
import type { NetworkProblem, ServiceRow } from './table.ts'

/** How long clients may keep an answer, s. */
export const timeToLive = 5
/** How long they may keep that there is none, s. */
export const absenceToLive = 1

/** What one Service adds to the zones. */
export interface RowLines {
  /** Zone -> lines, sorted. */
  readonly lines: ReadonlyMap<string, readonly string[]>
  readonly problems: readonly NetworkProblem[]
}

/** The zone of the cluster, and those of the addresses in the ranges. */
export function zonesOf(zone: string, ranges: readonly string[]): readonly string[] {
  return [zone, ...new Set(ranges.flatMap(reverseZones))].sort()
}

/** `10.96.0.0/12` -> `96.10.in-addr.arpa` and fifteen more: zones end at whole numbers. */
function reverseZones(range: string): string[] {
  const { first, last, prefix } = ipv4Range(range) ?? { first: 0, last: -1, prefix: 32 }
  const parts = Math.min(3, Math.max(1, Math.ceil(prefix / 8)))
  const step = 2 ** (32 - 8 * parts)
  const begin = first - (first % step)
  const zones: string[] = []
  for (let at = begin; at <= last; at += step) {
    zones.push(`${ipv4Text(at).split('.').slice(0, parts).reverse().join('.')}.in-addr.arpa`)
  }
  return zones
}

/** Records that no zone can hold are left out, which is a problem only where somebody wrote them. */
export function rowLines(row: ServiceRow, zone: string, zones: readonly string[]): RowLines {
  const lines = new Map<string, Set<string>>()
  const problems: NetworkProblem[] = []
  for (const record of recordsOf(row, zone)) {
    const problem = problemOf(row.key, record)
    const owner = problem ? '' : ownerOf(record)
    const held = zones.find((one) => owner.endsWith(`.${one}`))
    if (problem) problems.push(problem)
    else if (held !== undefined) lines.set(held, (lines.get(held) ?? new Set()).add(lineOf(owner, record)))
  }
  return { lines: new Map([...lines].map(([held, found]) => [held, [...found].sort()])), problems }
}

const label = '[a-z0-9_](?:[-a-z0-9_]{0,61}[a-z0-9_])?'
const domainName = new RegExp(`^(?=.{1,253}$)${label}(?:\\.${label})*$`, 'i')

function problemOf(key: Key, record: DnsRecord): NetworkProblem | undefined {
  const names = [...('name' in record ? [record.name] : []), ...('target' in record ? [record.target] : [])]
  const bad = names.find((name) => !domainName.test(name))
  return bad === undefined
    ? undefined
    : { key, message: `"${bad}" is no name for DNS, expected labels of 1 to 63 letters, digits and "-"` }
}

function ownerOf(record: DnsRecord): string {
  return record.type === 'PTR' ? reverseName(record.address) : record.name
}

/** Empty: an address that we have no zone for. */
function reverseName(address: string): string {
  return ipv4Number(address) === undefined ? '' : `${address.split('.').reverse().join('.')}.in-addr.arpa`
}

function lineOf(owner: string, record: DnsRecord): string {
  return `${owner}. ${timeToLive} IN ${record.type} ${dataOf(record)}`
}

function dataOf(record: DnsRecord): string {
  switch (record.type) {
    case 'A':
      return record.address
    case 'AAAA':
      return record.address.toLowerCase()
    case 'CNAME':
    case 'PTR':
      return `${record.target}.`
    case 'SRV':
      return `0 100 ${record.port} ${record.target}.`
  }
}

// Where HAProxy cannot have a port of an address, because another program of the host has it on all addresses: who calls it is led to the
// port that HAProxy has instead. And external addresses, which the host takes for its own. A table apart from that of all other rules, with
// a script that the node container runs by itself at its start and every 30 s.
import { ipv4Number, ipv4Range } from '../../manifests/ipv4.ts'
import type { Redirect } from './haproxy-part.ts'
import { tableName } from './nft-rules.ts'
import type { NetworkTable } from './table.ts'

export interface HostAddresses {
  readonly redirects: readonly Redirect[]
  /** Outside of the service range, sorted. */
  readonly external: readonly string[]
}

/** External addresses whose packets the host would send on. */
export function externalAddresses({ services }: NetworkTable, serviceCIDR: string): readonly string[] {
  const range = ipv4Range(serviceCIDR)
  const isOutside = (address: string) => {
    const number = ipv4Number(address)
    return number !== undefined && !(range && range.first <= number && number <= range.last)
  }
  return [...new Set(services.flatMap(({ externalIPs }) => externalIPs.filter(isOutside)))].sort()
}

/** Marks routes that Berth made, and may take away. */
const routeOwner = 'proto 186'
const externalLine = '# external addresses:'

/** A shell script that puts right what is missing, and does nothing else. */
export function redirectsScript(engine: string, { redirects, external }: HostAddresses): string {
  const table = redirectsTable(engine)
  const load = `nft list table ip ${table} >/dev/null 2>&1 || ${nft(rules(table, redirects))}`
  return `#!/bin/sh
# Addresses and ports that lead to HAProxy. Made by Berth, changes are lost.
${[externalLine, ...external].join(' ')}
${redirects.length > 0 ? load : ''}
${external.map(route).join('\n')}
exit 0
`
}

/** Brings the host to it at once. `before`: external addresses that it was given earlier. */
export function redirectsCommands(engine: string, { redirects, external }: HostAddresses, before: readonly string[]) {
  const table = redirectsTable(engine)
  const stale = before.filter((address) => !external.includes(address))
  return [
    redirects.length > 0 ? nft(rules(table, redirects)) : `nft delete table ip ${table} 2>/dev/null || true`,
    ...external.map(route),
    ...stale.map((address) => `ip route del local ${address} dev lo ${routeOwner} 2>/dev/null || true`),
  ].join('\n')
}

/** Those that a script of `redirectsScript` gives the host. */
export function externalOf(script: string): readonly string[] {
  const line = script.split('\n').find((each) => each.startsWith(externalLine)) ?? ''
  return line.slice(externalLine.length).trim().split(' ').filter(Boolean)
}

export function redirectsTable(engine: string): string {
  return `${tableName(engine)}_redirects`
}

/** Before Docker's own rules, which lead ports of the host to its containers: for them these addresses are the host's. */
function rules(table: string, redirects: readonly Redirect[]): string {
  const places = redirects.map(({ address, port, to }) => `${address} . ${port} : ${address} . ${to}`)
  const rule = `meta l4proto tcp dnat ip to ip daddr . tcp dport map { ${places.join(', ')} }`
  return [
    `add table ip ${table}`,
    `delete table ip ${table}`,
    `add table ip ${table}`,
    `add chain ip ${table} of_others { type nat hook prerouting priority dstnat - 4; }`,
    `add chain ip ${table} of_host { type nat hook output priority -104; }`,
    `add rule ip ${table} of_others ${rule}`,
    `add rule ip ${table} of_host ${rule}`,
  ].join('\n')
}

function nft(commands: string): string {
  return `nft -f - <<'END_OF_RULES'\n${commands}\nEND_OF_RULES\n`
}

/** One that the host has on a card of its own stays there. */
function route(address: string): string {
  return `ip -4 -o addr show to ${address} | grep -q . || ip route replace local ${address} dev lo ${routeOwner}`
}

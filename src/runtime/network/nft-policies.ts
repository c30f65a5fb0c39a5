// NetworkPolicies as chains of the pods that they select: packets that no rule lets through are dropped.
import { addressList, merged } from './nft-addresses.ts'
import type { NftChain, NftStore } from './nft-ruleset.ts'
import type { PolicyRow, PolicyRule } from './table.ts'

export interface PolicyRules {
  readonly chains: readonly (readonly [string, NftChain])[]
  readonly stores: readonly (readonly [string, NftStore])[]
}

/** `rows`: of pods on this host with an address of their own. */
export function policyRules(rows: readonly PolicyRow[]): PolicyRules {
  const chains: [string, NftChain][] = []
  const ingress = new Map<string, string>()
  const egress = new Map<string, string>()
  for (const row of rows) {
    if (row.ingress && !ingress.has(row.address)) {
      const name = `ingress/${row.pod}`
      // Kubernetes lets every host reach its pods. Requests through Services were judged by the host that they come from.
      const rules = ['ip saddr @nodes goto allow', ...row.ingress.flatMap((rule) => lines(rule, 'saddr', 'goto allow'))]
      chains.push([name, { hook: '', rules: [...rules, 'drop'] }])
      ingress.set(row.address, `goto ${name}`)
    }
    if (row.egress && !egress.has(row.address)) {
      const name = `egress/${row.pod}`
      // What the pod may send is still to be let in at the other end.
      const rules = row.egress.flatMap((rule) => lines(rule, 'daddr', 'return'))
      chains.push([name, { hook: '', rules: [...rules, 'drop'] }])
      egress.set(row.address, `jump ${name}`)
    }
  }
  const type = 'type ipv4_addr : verdict'
  return {
    chains,
    stores: [
      ['ingress_policies', { kind: 'map', type, elements: ingress }],
      ['egress_policies', { kind: 'map', type, elements: egress }],
    ],
  }
}

function lines({ peers, except, ports }: PolicyRule, side: 'saddr' | 'daddr', verdict: string): string[] {
  const from = peers && !peers.includes('0.0.0.0/0') ? addressList(peers) : undefined
  // None of its peers is an IPv4 address, so the rule lets nothing through.
  if (from === '') return []
  const not = addressList(except)
  const address = `${from === undefined ? '' : `ip ${side} { ${from} } `}${not === '' ? '' : `ip ${side} != { ${not} } `}`
  if (ports === undefined) return [`${address}${verdict}`]
  return (['TCP', 'UDP', 'SCTP'] as const).flatMap((protocol) => {
    const own = ports.filter((port) => port.protocol === protocol)
    if (own.length === 0) return []
    const list = merged(own.map(({ from: first, to }) => [first, to])).map(([a, b]) => (a === b ? `${a}` : `${a}-${b}`))
    return [`${address}${protocol.toLowerCase()} dport { ${list.join(', ')} } ${verdict}`]
  })
}

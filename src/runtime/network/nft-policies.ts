// NetworkPolicies as chains of the pods that they select: packets that no rule lets through are dropped.
import { sha256 } from '../../base/hash.ts'
import { addressList, merged } from './nft-addresses.ts'
import type { NftChain, NftStore } from './nft-ruleset.ts'
import { remembered } from './remembered.ts'
import type { PolicyRow, PolicyRule } from './table.ts'

export interface PolicyRules {
  readonly chains: readonly (readonly [string, NftChain])[]
  readonly stores: readonly (readonly [string, NftStore])[]
}

/** `rows`: of pods on this host with an address of their own; `guests`: namespaces where nobody sends who is not in them. */
export function policyRules(rows: readonly PolicyRow[], guests: readonly string[] = []): PolicyRules {
  const chains: (readonly [string, NftChain])[] = []
  const ingress = new Map<string, string>()
  const egress = new Map<string, string>()
  for (const row of rows) {
    const own = chainsOf(row)
    if (own.ingress && !ingress.has(row.address)) {
      chains.push(own.ingress)
      ingress.set(row.address, `goto ${own.ingress[0]}`)
    }
    if (own.egress && !egress.has(row.address)) {
      chains.push(own.egress)
      egress.set(row.address, `jump ${own.egress[0]}`)
    }
  }
  const type = 'type ipv4_addr : verdict'
  const judged = rows.filter(({ pod, egress }) => egress !== undefined && guests.includes(pod.split('/')[0] ?? ''))
  return {
    chains,
    stores: [
      [
        'judged',
        { kind: 'set', type: 'type ipv4_addr', elements: new Map(judged.map(({ address }) => [address, ''])) },
      ],
      ['ingress_policies', { kind: 'map', type, elements: ingress }],
      ['egress_policies', { kind: 'map', type, elements: egress }],
    ],
  }
}

const chainsOf = remembered((row: PolicyRow) => ({ ingress: ingressChain(row), egress: egressChain(row) }))

function ingressChain({ pod, ingress }: PolicyRow): readonly [string, NftChain] | undefined {
  if (ingress === undefined) return undefined
  // Kubernetes lets every host reach its pods. Requests through Services were judged by the host that they come from.
  const rules = ['ip saddr @nodes goto allow', ...ingress.flatMap((rule) => lines(rule, 'saddr', 'goto allow'))]
  return [chainName('ingress', pod), { hook: '', rules: [...rules, 'drop'] }]
}

function egressChain({ pod, egress }: PolicyRow): readonly [string, NftChain] | undefined {
  if (egress === undefined) return undefined
  // What the pod may send is still to be let in at the other end.
  const rules = egress.flatMap((rule) => lines(rule, 'daddr', 'return'))
  return [chainName('egress', pod), { hook: '', rules: [...rules, 'drop'] }]
}

/** The kernel takes names of up to 255 bytes, and those of pods may be longer. */
function chainName(direction: 'ingress' | 'egress', pod: string): string {
  const [namespace = '', name = ''] = pod.split('/')
  return name.length <= 150 ? `${direction}/${pod}` : `${direction}/${namespace}/${sha256(name).slice(0, 32)}_`
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

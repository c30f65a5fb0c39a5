// Who may reach whom: pods of one namespace each other, all of them the outside, and nobody else a pod, except through Services, ports of
// the host, and where a NetworkPolicy says so.
import type { NftChain, NftStore } from './nft-ruleset.ts'

/** One bridge of pods on this host. */
export interface PodBridge {
  /** `bt0af41040` */
  readonly bridge: string
  readonly namespace: string
  /** `10.244.16.64/26` */
  readonly block: string
  /** Made by a build that left the rules to Docker: its pods are being moved, and may answer over it with their new address. */
  readonly outdated: boolean
}

/** What pods of a namespace may ask. */
export interface Door {
  readonly namespace: string
  readonly address: string
}

export interface IsolationFacts {
  readonly podCIDR: string
  readonly serviceCIDR: string
  readonly bridges: readonly PodBridge[]
  /** Addresses that other hosts speak from: their own, and the first one of their block. */
  readonly nodes: readonly string[]
  /** See NetworkTable. */
  readonly guests?: readonly string[]
  readonly closed?: readonly string[]
  /** Addresses of Services of guests, and the one of names. Absent: none. */
  readonly doors?: readonly Door[]
}

/** Set on packets that a rule of Docker lets through: an `accept` of ours alone would not outlive a `drop` of Docker's. */
export const passMark = '0x04000000'

/** Set on packets to the Services of any installation on the host, whose addresses are no other one's host ports. */
export const rangeMark = '0x08000000'

const pass = `meta mark set meta mark or ${passMark} accept`
/** Connections to Services that the kernel carries bear it, too. */
export const serviceFlow = `ct status dnat ct mark and ${passMark} == ${passMark}`

const set = (type: string, keys: readonly string[]): NftStore => ({
  kind: 'set',
  type,
  elements: new Map(keys.map((key) => [key, ''])),
})

export function isolationStores({
  bridges,
  nodes,
  guests = [],
  closed = [],
  doors = [],
}: IsolationFacts): [string, NftStore][] {
  const quoted = ({ bridge }: PodBridge) => `"${bridge}"`
  const same = bridges.flatMap((one) =>
    bridges.filter((other) => other.namespace === one.namespace).map((other) => `${quoted(one)} . ${other.block}`),
  )
  const blocks = bridges.map(({ block }) => block)
  const doorKeys = bridges.flatMap((one) =>
    doors.filter(({ namespace }) => namespace === one.namespace).map(({ address }) => `${quoted(one)} . ${address}`),
  )
  return [
    ['bridges', set('type ifname', bridges.map(quoted))],
    ['guarded', set('type ifname', bridges.filter(({ outdated }) => !outdated).map(quoted))],
    ['guests', set('type ifname', bridges.filter(({ namespace }) => guests.includes(namespace)).map(quoted))],
    ['closed', set('type ifname', bridges.filter(({ namespace }) => closed.includes(namespace)).map(quoted))],
    ['doors', set('type ifname . ipv4_addr', doorKeys)],
    ['blocks', set('type ipv4_addr; flags interval', blocks)],
    ['nodes', set('type ipv4_addr', nodes)],
    ['same', set('type ifname . ipv4_addr; flags interval', same)],
  ]
}

export function isolationChains({ podCIDR, serviceCIDR }: IsolationFacts): [string, NftChain][] {
  return [
    [
      'anti_spoof',
      {
        hook: 'type filter hook prerouting priority raw',
        rules: ['iifname @guarded fib saddr . iif oif 0 drop', toRange(serviceCIDR)],
      },
    ],
    ['to_range', { hook: 'type filter hook output priority raw', rules: [toRange(serviceCIDR)] }],
    ['forward_pods', { hook: 'type filter hook forward priority filter - 10', rules: forwardRules }],
    ['allow', { hook: '', rules: [pass] }],
    [
      'to_services',
      {
        hook: 'type filter hook input priority filter - 10',
        rules: [
          'ct state new jump without_endpoint',
          'iifname "lo" accept',
          // HAProxy may hear of a pod after that has begun to ask.
          `iifname @guests ip daddr ${serviceCIDR} iifname . ip daddr != @doors drop`,
          `iifname @closed ct state new ip daddr != ${serviceCIDR} drop`,
          'iifname @bridges accept',
          // The range is local to the host, which would answer the whole LAN.
          `ip daddr ${serviceCIDR} drop`,
        ],
      },
    ],
    [
      'from_host',
      {
        hook: 'type filter hook output priority filter - 10',
        // A pod that is told of a shorter way to a Service's pod would keep to it when that pod is gone.
        rules: ['oifname @bridges icmp type redirect drop', 'ct state new jump without_endpoint'],
      },
    ],
    [
      'egress',
      {
        hook: 'type nat hook postrouting priority srcnat - 5',
        rules: [
          `ip saddr @blocks ip daddr != ${podCIDR} oifname != @bridges masquerade`,
          // A pod that reaches itself must not see its own address as the client.
          `${serviceFlow} ip saddr . ip daddr @hairpin masquerade`,
          `${serviceFlow} fib saddr type local masquerade`,
          // The pod is on another host, and its answers have to come back this way.
          `${serviceFlow} oifname != @bridges ip saddr != ${podCIDR} masquerade`,
        ],
      },
    ],
  ]
}

function toRange(serviceCIDR: string): string {
  return `ip daddr ${serviceCIDR} meta mark set meta mark or ${rangeMark}`
}

// Policies stand before all that lets through, and after what is under way already.
const forwardRules = [
  'ct state new jump without_endpoint',
  `iifname != @bridges oifname != @bridges ${serviceFlow} ${pass}`,
  'iifname != @bridges oifname != @bridges accept',
  `ct state established,related ${pass}`,
  // A pod may begin to send before its policies are in.
  'iifname @guests ip saddr != @judged drop',
  'iifname @bridges ip saddr vmap @egress_policies',
  // Docker keeps other networks of the host apart from ours, whatever their bridges are called.
  'iifname @bridges oifname != @bridges meta oifkind "bridge" accept',
  `iifname @bridges oifname != @bridges ${pass}`,
  'oifname @bridges ip daddr vmap @ingress_policies',
  `${serviceFlow} ${pass}`,
  // Ports of the host: Docker's own rules for them follow.
  'ct status dnat accept',
  `oifname . ip saddr @same ${pass}`,
  `oifname @bridges ip saddr @nodes ${pass}`,
  'drop',
]

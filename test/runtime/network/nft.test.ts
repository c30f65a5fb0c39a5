import { describe, expect, test } from 'vitest'
import { addressList } from '../../../src/runtime/network/nft-addresses.ts'
import { flowsToForget } from '../../../src/runtime/network/nft-flows.ts'
import { type NftFacts, nftRules } from '../../../src/runtime/network/nft-rules.ts'
import {
  changeCommands,
  changedParts,
  changeOf,
  loadCommands,
  type NftRuleset,
  rulesetParts,
} from '../../../src/runtime/network/nft-ruleset.ts'
import { kernelPorts } from '../../../src/runtime/network/nft-services.ts'
import { rulesetVersion } from '../../../src/runtime/network/nft-version.ts'
import type { BackendRow, PolicyRow, ServicePortRow, ServiceRow } from '../../../src/runtime/network/table.ts'

const backend = (address: string, state: BackendRow['state'] = 'ready'): BackendRow => ({
  ...{ name: address, pod: '', host: 'local', address, port: 5353, state },
})
const udp = (addresses: readonly string[], given: Partial<ServicePortRow> = {}): ServicePortRow => ({
  ...{
    name: '',
    protocol: 'UDP',
    port: 53,
    nodePort: 0,
    mode: 'tcp',
    backends: addresses.map((each) => backend(each)),
  },
  ...given,
})
const service = (
  name: string,
  clusterIP: string,
  ports: readonly ServicePortRow[],
  given: Partial<ServiceRow> = {},
) => ({
  ...{ key: `shop/Service/${name}` as const, namespace: 'shop', name, type: 'ClusterIP' as const, clusterIP },
  ...{ externalName: '', externalIPs: [], selector: {}, sourceRanges: [], affinitySeconds: undefined, addresses: [] },
  ...{ ports, ...given },
})
const bridges = [
  { bridge: 'bt0af40040', namespace: 'shop', block: '10.244.0.64/26', outdated: false },
  { bridge: 'bt0af40080', namespace: 'blog', block: '10.244.0.128/26', outdated: true },
]
const rules = (services: readonly ServiceRow[], given: Partial<NftFacts> = {}) =>
  nftRules({
    ...{ engine: 'my-shop', host: 'local', podCIDR: '10.244.0.0/14', serviceCIDR: '10.96.0.0/16', nodes: [], bridges },
    ...{ ports: kernelPorts(services), policies: [], ...given },
  })
const change = (before: readonly ServiceRow[], after: readonly ServiceRow[]) =>
  changeCommands(rules(before).ruleset, rules(after).ruleset)?.replaceAll(' ip berth_my_shop', '')
const { ruleset: bare } = rules([])
/** What Services and policies add. */
const added = (services: readonly ServiceRow[], policies: readonly PolicyRow[] = []) =>
  changeCommands(bare, rules(services, { policies }).ruleset)?.replaceAll(' ip berth_my_shop', '')

describe('packet rules', () => {
  test('isolation of namespaces', () => {
    expect(loadCommands(bare)).toMatchInlineSnapshot(`
      "add table ip berth_my_shop
      delete table ip berth_my_shop
      add table ip berth_my_shop
      add set ip berth_my_shop bridges { type ifname; }
      add set ip berth_my_shop guarded { type ifname; }
      add set ip berth_my_shop guests { type ifname; }
      add set ip berth_my_shop closed { type ifname; }
      add set ip berth_my_shop doors { type ifname . ipv4_addr; }
      add set ip berth_my_shop blocks { type ipv4_addr; flags interval; }
      add set ip berth_my_shop nodes { type ipv4_addr; }
      add set ip berth_my_shop same { type ifname . ipv4_addr; flags interval; }
      add set ip berth_my_shop judged { type ipv4_addr; }
      add map ip berth_my_shop ingress_policies { type ipv4_addr : verdict; }
      add map ip berth_my_shop egress_policies { type ipv4_addr : verdict; }
      add set ip berth_my_shop hairpin { type ipv4_addr . ipv4_addr; }
      add map ip berth_my_shop cluster_ips { type ipv4_addr . inet_proto . inet_service : verdict; }
      add map ip berth_my_shop external_ips { type ipv4_addr . inet_proto . inet_service : verdict; }
      add map ip berth_my_shop host_ports { type inet_proto . inet_service : verdict; }
      add map ip berth_my_shop empty_addresses { type ipv4_addr . inet_proto . inet_service : verdict; }
      add map ip berth_my_shop empty_ports { type inet_proto . inet_service : verdict; }
      add chain ip berth_my_shop anti_spoof { type filter hook prerouting priority raw; policy accept; }
      add chain ip berth_my_shop to_range { type filter hook output priority raw; policy accept; }
      add chain ip berth_my_shop forward_pods { type filter hook forward priority filter - 10; policy accept; }
      add chain ip berth_my_shop allow
      add chain ip berth_my_shop to_services { type filter hook input priority filter - 10; policy accept; }
      add chain ip berth_my_shop from_host { type filter hook output priority filter - 10; policy accept; }
      add chain ip berth_my_shop egress { type nat hook postrouting priority srcnat - 5; policy accept; }
      add chain ip berth_my_shop services_of_others { type nat hook prerouting priority dstnat - 5; policy accept; }
      add chain ip berth_my_shop services_of_host { type nat hook output priority -105; policy accept; }
      add chain ip berth_my_shop without_endpoint
      add chain ip berth_my_shop refused
      add rule ip berth_my_shop anti_spoof iifname @guarded fib saddr . iif oif 0 drop
      add rule ip berth_my_shop anti_spoof ip daddr 10.96.0.0/16 meta mark set meta mark or 0x08000000
      add rule ip berth_my_shop to_range ip daddr 10.96.0.0/16 meta mark set meta mark or 0x08000000
      add rule ip berth_my_shop forward_pods ct state new jump without_endpoint
      add rule ip berth_my_shop forward_pods iifname != @bridges oifname != @bridges ct status dnat ct mark and 0x04000000 == 0x04000000 meta mark set meta mark or 0x04000000 accept
      add rule ip berth_my_shop forward_pods iifname != @bridges oifname != @bridges accept
      add rule ip berth_my_shop forward_pods ct state established,related meta mark set meta mark or 0x04000000 accept
      add rule ip berth_my_shop forward_pods iifname @guests ip saddr != @judged drop
      add rule ip berth_my_shop forward_pods iifname @bridges ip saddr vmap @egress_policies
      add rule ip berth_my_shop forward_pods iifname @bridges oifname != @bridges meta oifkind "bridge" accept
      add rule ip berth_my_shop forward_pods iifname @bridges oifname != @bridges meta mark set meta mark or 0x04000000 accept
      add rule ip berth_my_shop forward_pods oifname @bridges ip daddr vmap @ingress_policies
      add rule ip berth_my_shop forward_pods ct status dnat ct mark and 0x04000000 == 0x04000000 meta mark set meta mark or 0x04000000 accept
      add rule ip berth_my_shop forward_pods ct status dnat accept
      add rule ip berth_my_shop forward_pods oifname . ip saddr @same meta mark set meta mark or 0x04000000 accept
      add rule ip berth_my_shop forward_pods oifname @bridges ip saddr @nodes meta mark set meta mark or 0x04000000 accept
      add rule ip berth_my_shop forward_pods drop
      add rule ip berth_my_shop allow meta mark set meta mark or 0x04000000 accept
      add rule ip berth_my_shop to_services ct state new jump without_endpoint
      add rule ip berth_my_shop to_services iifname "lo" accept
      add rule ip berth_my_shop to_services iifname @guests ip daddr 10.96.0.0/16 iifname . ip daddr != @doors drop
      add rule ip berth_my_shop to_services iifname @closed ct state new ip daddr != 10.96.0.0/16 drop
      add rule ip berth_my_shop to_services iifname @bridges accept
      add rule ip berth_my_shop to_services ip daddr 10.96.0.0/16 drop
      add rule ip berth_my_shop from_host oifname @bridges icmp type redirect drop
      add rule ip berth_my_shop from_host ct state new jump without_endpoint
      add rule ip berth_my_shop egress ip saddr @blocks ip daddr != 10.244.0.0/14 oifname != @bridges masquerade
      add rule ip berth_my_shop egress ct status dnat ct mark and 0x04000000 == 0x04000000 ip saddr . ip daddr @hairpin masquerade
      add rule ip berth_my_shop egress ct status dnat ct mark and 0x04000000 == 0x04000000 fib saddr type local masquerade
      add rule ip berth_my_shop egress ct status dnat ct mark and 0x04000000 == 0x04000000 oifname != @bridges ip saddr != 10.244.0.0/14 masquerade
      add rule ip berth_my_shop services_of_others iifname @bridges ip daddr . meta l4proto . th dport vmap @cluster_ips
      add rule ip berth_my_shop services_of_others ip daddr . meta l4proto . th dport vmap @external_ips
      add rule ip berth_my_shop services_of_others fib daddr type local ip daddr != { 127.0.0.0/8, 10.96.0.0/16 } meta mark and 0x08000000 == 0 meta l4proto . th dport vmap @host_ports
      add rule ip berth_my_shop services_of_host ip daddr . meta l4proto . th dport vmap @cluster_ips
      add rule ip berth_my_shop services_of_host ip daddr . meta l4proto . th dport vmap @external_ips
      add rule ip berth_my_shop services_of_host fib daddr type local ip daddr != { 127.0.0.0/8, 10.96.0.0/16 } meta mark and 0x08000000 == 0 meta l4proto . th dport vmap @host_ports
      add rule ip berth_my_shop without_endpoint ip daddr . meta l4proto . th dport vmap @empty_addresses
      add rule ip berth_my_shop without_endpoint fib daddr type local ip daddr != { 127.0.0.0/8, 10.96.0.0/16 } meta mark and 0x08000000 == 0 meta l4proto . th dport vmap @empty_ports
      add rule ip berth_my_shop refused meta l4proto tcp reject with tcp reset
      add rule ip berth_my_shop refused reject with icmp port-unreachable
      add element ip berth_my_shop bridges { "bt0af40040", "bt0af40080" }
      add element ip berth_my_shop guarded { "bt0af40040" }
      add element ip berth_my_shop blocks { 10.244.0.64/26, 10.244.0.128/26 }
      add element ip berth_my_shop same { "bt0af40040" . 10.244.0.64/26, "bt0af40080" . 10.244.0.128/26 }"
    `)
  })

  test.each([
    { title: 'one pod', services: [service('dns', '10.96.0.9', [udp(['10.244.0.70'])])] },
    {
      title: 'two pods, a draining one, a node port',
      services: [
        service('dns', '10.96.0.9', [
          udp(['10.244.0.70', '10.244.0.71'], {
            nodePort: 30053,
            backends: [backend('10.244.0.70'), backend('10.244.0.72', 'draining'), backend('10.244.0.71', 'unknown')],
          }),
        ]),
      ],
    },
    { title: 'no pod', services: [service('dns', '10.96.0.9', [udp([], { nodePort: 30053 })])] },
    {
      title: 'affinity',
      services: [service('dns', '10.96.0.9', [udp(['10.244.0.70', '10.244.0.71'])], { affinitySeconds: 600 })],
    },
    {
      title: 'load balancer with source ranges and an external address',
      services: [
        service('dns', '10.96.0.9', [udp(['10.244.0.70'], { nodePort: 30053 })], {
          ...{ type: 'LoadBalancer', sourceRanges: ['10.0.0.0/8', '10.1.0.0/16'], externalIPs: ['192.0.2.7', '::1'] },
        }),
      ],
    },
  ])('a Service with $title', ({ services }) => {
    expect(added(services)).toMatchSnapshot()
  })

  test('what is not the kernel’s, or has no address, is left out', () => {
    const tcp = udp(['10.244.0.70'], { protocol: 'TCP', mode: 'detect' })
    const headless = service('headless', 'None', [udp(['10.244.0.70'])])
    expect(added([service('web', '10.96.0.8', [tcp]), headless])).toBeUndefined()
  })

  test('an address belongs to the first that has it, and the other one is told', () => {
    const twice = [service('a', '10.96.0.9', [udp(['10.244.0.70'])]), service('b', '10.96.0.9', [udp(['10.244.0.71'])])]
    expect(rules(twice).problems).toEqual([
      { key: 'shop/Service/b', message: '10.96.0.9 udp 53 is served for shop/a/udp/53 already' },
    ])
  })

  test('only what differs is sent', () => {
    const two = service('two', '10.96.0.10', [udp(['10.244.0.80'])])
    const before = [service('dns', '10.96.0.9', [udp(['10.244.0.70', '10.244.0.71'])]), two]
    const after = [service('dns', '10.96.0.9', [udp(['10.244.0.72', '10.244.0.71'])]), two]
    expect(change(before, before)).toBeUndefined()
    expect(change(before, after)).toMatchInlineSnapshot(`
      "flush chain service/shop/dns/udp/53
      add rule service/shop/dns/udp/53 ct mark set ct mark or 0x04000000
      add rule service/shop/dns/udp/53 meta l4proto udp dnat ip to numgen inc mod 2 map { 0 : 10.244.0.72 . 5353, 1 : 10.244.0.71 . 5353 }
      add element hairpin { 10.244.0.72 . 10.244.0.72 }"
    `)
    expect(change(before, [two])).toMatchInlineSnapshot(`
      "delete element cluster_ips { 10.96.0.9 . udp . 53 }
      flush chain service/shop/dns/udp/53
      delete chain service/shop/dns/udp/53"
    `)
  })

  test('policies', () => {
    const row: PolicyRow = {
      ...{ pod: 'shop/web-0', address: '10.244.0.70', host: 'local' },
      ingress: [
        { peers: ['10.244.0.71', '10.244.0.128/26'], except: ['10.244.0.130/31'], ports: undefined },
        {
          ...{ peers: undefined, except: [] },
          ports: [
            { protocol: 'TCP', from: 80, to: 80 },
            { protocol: 'TCP', from: 8000, to: 8090 },
            { protocol: 'UDP', from: 53, to: 53 },
          ],
        },
        { peers: ['fd00::/8'], except: [], ports: undefined },
        { peers: [], except: [], ports: undefined },
      ],
      egress: [],
    }
    expect(added([], [row])).toMatchInlineSnapshot(`
      "add chain ingress/shop/web-0
      add chain egress/shop/web-0
      add rule ingress/shop/web-0 ip saddr @nodes goto allow
      add rule ingress/shop/web-0 ip saddr { 10.244.0.71, 10.244.0.128-10.244.0.191 } ip saddr != { 10.244.0.130-10.244.0.131 } goto allow
      add rule ingress/shop/web-0 tcp dport { 80, 8000-8090 } goto allow
      add rule ingress/shop/web-0 udp dport { 53 } goto allow
      add rule ingress/shop/web-0 drop
      add rule egress/shop/web-0 drop
      add element ingress_policies { 10.244.0.70 : goto ingress/shop/web-0 }
      add element egress_policies { 10.244.0.70 : jump egress/shop/web-0 }"
    `)
    expect(rules([], { policies: [{ ...row, host: 'elsewhere' }] }).ruleset).toEqual(bare)
    expect(rules([], { policies: [{ ...row, address: '192.0.2.1' }] }).problems).toMatchObject([
      { key: 'shop/Pod/web-0', message: expect.stringContaining('192.0.2.1 is not in a pod network of its host') },
    ])
  })

  test('the parts of a table make the whole', () => {
    const { ruleset } = rules([service('dns', '10.96.0.9', [udp(['10.244.0.70', '10.244.0.71'], { nodePort: 30053 })])])
    const kinds = (text: string) =>
      text
        .split('\n')
        .filter((line) => line.startsWith('add rule') || line.startsWith('add chain'))
        .sort()
    const cut = cutIn32(ruleset)
    const whole = [...cut.map(({ names }) => names), ...cut.map(({ contents }) => contents)].join('')
    expect(kinds(whole)).toEqual(kinds(loadCommands(ruleset)))
    expect(cut.filter(({ contents }) => contents.includes('dnat ip to'))).toHaveLength(1)
  })

  test('only the parts that a change is in are other', () => {
    const one = service('dns', '10.96.0.9', [udp(['10.244.0.70', '10.244.0.71'], { nodePort: 30053 })])
    const many = Array.from({ length: 50 }, (_, index) => service(`s${index}`, `10.96.1.${index}`, [udp([])]))
    const states = [
      [...many, one],
      [...many, service('dns', '10.96.0.9', [udp(['10.244.0.72'])], { affinitySeconds: 60 })],
      [...many, service('dns', '10.96.0.10', [udp([])])],
      many,
    ].map((services) => rules(services).ruleset)
    for (const before of states) {
      for (const after of states) {
        const [old, cut] = [cutIn32(before), cutIn32(after)]
        const other = cut.flatMap((part, index) =>
          part.names === old[index]?.names && part.contents === old[index]?.contents ? [] : [index],
        )
        const told = changedParts(changeOf(before, after), 32)
        expect(other.filter((index) => !told.has(index))).toEqual([])
        expect(told.size).toBeLessThan(12)
        expect(rulesetVersion(before, '') === rulesetVersion(after, '')).toBe(other.length === 0)
      }
    }
  })

  test('a row that stays the same object is not rendered again', () => {
    const row = service('dns', '10.96.0.9', [udp(['10.244.0.70'])])
    const [first, second] = [rules([row]), rules([row, service('web', '10.96.0.8', [udp([])])])]
    const name = 'service/shop/dns/udp/53'
    expect(second.ruleset.chains.get(name)).toBe(first.ruleset.chains.get(name))
    expect(first.ruleset.chains.has(name)).toBe(true)
  })

  const cutIn32 = (ruleset: NftRuleset) => [...rulesetParts(ruleset, 32, new Set(Array(32).keys())).values()]

  test.each([
    { peers: ['10.0.0.0/8', '10.1.2.3'], list: '10.0.0.0-10.255.255.255' },
    { peers: ['10.0.0.1', '10.0.0.0', '10.0.0.4/30'], list: '10.0.0.0-10.0.0.1, 10.0.0.4-10.0.0.7' },
    { peers: ['192.0.2.1', 'nobody', 'fd00::1'], list: '192.0.2.1' },
    { peers: [], list: '' },
  ])('addresses $peers', ({ peers, list }) => {
    expect(addressList(peers)).toBe(list)
  })

  test('flows of gone pods are forgotten, and those from before there was one', () => {
    const ports = (...addresses: string[]) => kernelPorts([service('dns', '10.96.0.9', [udp(addresses)])])
    const mark = '-D -p udp -m 0x04000000/0x04000000'
    expect(flowsToForget(ports('10.244.0.70'), ports('10.244.0.70'))).toEqual([])
    expect(flowsToForget(ports('10.244.0.70'), ports('10.244.0.71'))).toEqual([
      `${mark} -r 10.244.0.70 --reply-port-src 5353`,
    ])
    expect(flowsToForget(ports(), ports('10.244.0.71'))).toEqual(['-D -p udp -d 10.96.0.9 --orig-port-dst 53'])
    expect(flowsToForget(undefined, ports('10.244.0.71'))).toEqual([mark])
    const many = Array.from({ length: 30 }, (_, index) => `10.244.0.${70 + index}`)
    expect(flowsToForget(ports(...many), ports('10.244.0.1'))).toEqual([mark])
  })
})

test('guests send nothing before their policies are there, and ask no Services but their own', () => {
  const row: PolicyRow = { pod: 'shop/a', address: '10.244.0.66', host: 'local', ingress: undefined, egress: [] }
  const other = { ...row, pod: 'blog/b', address: '10.244.0.130' }
  const doors = [
    { namespace: 'shop', address: '10.96.0.10' },
    { namespace: 'elsewhere', address: '10.96.0.11' },
  ]
  const given = { policies: [row, other], guests: ['shop', 'elsewhere'], closed: ['elsewhere'], doors }
  const { stores } = rules([], given).ruleset
  const keys = (name: string) => [...(stores.get(name)?.elements.keys() ?? [])]
  expect([keys('guests'), keys('judged'), keys('closed')]).toEqual([['"bt0af40040"'], ['10.244.0.66'], []])
  expect(keys('doors')).toEqual(['"bt0af40040" . 10.96.0.10'])
})

import { describe, expect, test } from 'vitest'
import { readListeners } from '../../../src/runtime/network/haproxy-answers.ts'
import { type KernelPort, serviceRules } from '../../../src/runtime/network/nft-services.ts'
import { hostPlaces, readPlaces, takenPlaces } from '../../../src/runtime/network/nft-taken.ts'

const port: KernelPort = {
  ...{ service: 'shop/Service/dns', name: 'shop/dns/udp/53', protocol: 'udp', port: 53, clusterIP: '10.96.0.20' },
  ...{ externalIPs: ['198.51.100.7'], nodePort: 30_053, balanced: true, sourceRanges: [], affinitySeconds: undefined },
  backends: [{ address: '10.244.0.9', port: 5353 }],
}
const places = hostPlaces([port])
const at = (address: string, number: number) => ({ address, port: number })
const taken = (udp: readonly { address: string; port: number }[], served: readonly string[] = []) => [
  ...takenPlaces(places, { tcp: [at('*', 53)], udp, addresses: ['192.0.2.1'] }, new Set(served), '10.96.0.0/16'),
]

describe('places of a port that the kernel carries', () => {
  test('are taken by whoever listens on the host', () => {
    expect(taken([])).toEqual([])
    expect(taken([at('*', 30_053)])).toEqual(['udp . 30053'])
    expect(taken([at('192.0.2.1', 53)])).toEqual(['udp . 53'])
    expect(taken([at('198.51.100.7', 53)])).toEqual(['udp . 53', '198.51.100.7 . udp . 53'])
  })

  test('are not by who listens on the loopback interface, or at an address of Services', () => {
    expect(taken([at('127.0.0.53', 53), at('10.96.0.10', 53)])).toEqual([])
  })

  test('stay with their Service once they are served', () => {
    expect(taken([at('*', 30_053), at('*', 53)], ['udp . 30053'])).toEqual(['udp . 53'])
  })

  test('that are taken are told, and left out', () => {
    const { stores, problems } = serviceRules([port], new Set(['udp . 53', '198.51.100.7 . udp . 53']))
    expect(problems).toEqual([
      { key: 'shop/Service/dns', message: 'port 53/UDP of 198.51.100.7 is in use on this host' },
      { key: 'shop/Service/dns', message: 'port 53/UDP is in use on this host' },
    ])
    const keys = stores.flatMap(([name, { elements }]) => [...elements.keys()].map((key) => `${name} ${key}`))
    expect(keys).toEqual([
      'hairpin 10.244.0.9 . 10.244.0.9',
      'cluster_ips 10.96.0.20 . udp . 53',
      'host_ports udp . 30053',
    ])
  })

  test('are read from what nft says', () => {
    const text = `table ip berth_main {
  map host_ports {
    type inet_proto . inet_service : verdict
    elements = { udp . 30053 : goto service/shop/dns/udp/53,
                 tcp . 53 : goto service/shop/dns/tcp/53 }
  }
  map external_ips {
    type ipv4_addr . inet_proto . inet_service : verdict
    elements = { 198.51.100.7 . udp . 53 : goto service/shop/dns/udp/53 }
  }
}`
    expect([...readPlaces(text)]).toEqual(['udp . 30053', 'tcp . 53', '198.51.100.7 . udp . 53'])
  })
})

test('listeners of the host are read by protocol, without our own', () => {
  const line = (protocol: string, local: string, state: string, inode: number) =>
    `${protocol}   7: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000     0        0 ${inode} 1 0 100`
  const text = [
    'own 12',
    line('udp', '00000000:0035', '07', 11),
    line('udp', '0100007F:0035', '07', 12),
    line('udp', '0101A8C0:1234', '01', 13),
    line('tcp', '0101A8C0:0050', '0A', 14),
  ].join('\n')
  expect(readListeners(text, 'udp')).toEqual([{ address: '*', port: 53 }])
  expect(readListeners(text)).toEqual([{ address: '192.168.1.1', port: 80 }])
})

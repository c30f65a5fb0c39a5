import { expect, test } from 'vitest'
import { namePath, nameText, staticFiles } from '../../../src/runtime/network/dns-files.ts'
import { transferred, updateMessages } from '../../../src/runtime/network/dns-update.ts'
import { DnsView } from '../../../src/runtime/network/dns-view.ts'
import { zonesOf } from '../../../src/runtime/network/dns-zones.ts'
import { endpointRow, serviceRow, tableOf, zone } from './dns-rows.ts'

const zones = zonesOf(zone, ['10.244.0.0/16', '10.96.0.0/16'])

test.each([
  { range: '10.96.0.0/16', expected: ['96.10.in-addr.arpa'] },
  { range: '10.0.0.0/8', expected: ['10.in-addr.arpa'] },
  { range: '10.96.0.0/14', expected: ['96.10', '97.10', '98.10', '99.10'].map((name) => `${name}.in-addr.arpa`) },
  { range: '172.20.4.0/23', expected: ['4.20.172.in-addr.arpa', '5.20.172.in-addr.arpa'] },
  { range: '172.20.4.128/25', expected: ['4.20.172.in-addr.arpa'] },
])('addresses of $range are in zones of their own', ({ range, expected }) => {
  expect(zonesOf(zone, [range])).toEqual([...expected, zone].sort())
})

test('names are kept by zone and namespace; addresses of other ranges have no reverse name', () => {
  const table = tableOf(
    serviceRow('web', { clusterIP: '10.96.0.7' }),
    serviceRow('db', {
      clusterIP: 'None',
      namespace: 'data',
      addresses: [endpointRow('10.244.3.4', 'db-0'), endpointRow('192.0.2.9', 'db-1')],
    }),
  )
  const { lines, problems } = new DnsView(zone, zones).of(table)
  expect(problems).toEqual([])
  const files = [...lines].flatMap(([zone, namespaces]) =>
    [...namespaces].map(([namespace, own]) => [namePath(zone, namespace), nameText(own).split('\n')]),
  )
  expect(files).toEqual([
    ['dns/names/244.10.in-addr.arpa/data', ['4.3.244.10.in-addr.arpa. 5 IN PTR db-0.db.data.svc.cluster.local.', '']],
    ['dns/names/96.10.in-addr.arpa/shop', ['7.0.96.10.in-addr.arpa. 5 IN PTR web.shop.svc.cluster.local.', '']],
    ['dns/names/cluster.local/shop', ['web.shop.svc.cluster.local. 5 IN A 10.96.0.7', '']],
    [
      'dns/names/cluster.local/data',
      [
        '_http._tcp.db.data.svc.cluster.local. 5 IN SRV 0 100 80 db-0.db.data.svc.cluster.local.',
        '_http._tcp.db.data.svc.cluster.local. 5 IN SRV 0 100 80 db-1.db.data.svc.cluster.local.',
        'db-0.db.data.svc.cluster.local. 5 IN A 10.244.3.4',
        'db-1.db.data.svc.cluster.local. 5 IN A 192.0.2.9',
        'db.data.svc.cluster.local. 5 IN A 10.244.3.4',
        'db.data.svc.cluster.local. 5 IN A 192.0.2.9',
        '',
      ],
    ],
  ])
})

test.each(['a b.example.com', '', '.example.com', `${'x'.repeat(64)}.com`, 'a\nb. 5 IN A 1.2.3.4', 'x"y'])(
  'an alias of %j is a problem of its Service, and in no file',
  (externalName) => {
    const row = serviceRow('ext', { type: 'ExternalName', externalName })
    const { lines, problems } = new DnsView(zone, zones).of(tableOf(row, serviceRow('web', { clusterIP: '10.96.0.7' })))
    expect(problems.map(({ key }) => key)).toEqual(externalName === '' ? [] : ['shop/Service/ext'])
    expect([...(lines.get(zone)?.get('shop') ?? [])]).toEqual(['web.shop.svc.cluster.local. 5 IN A 10.96.0.7'])
  },
)

/** Names of a zone in one namespace. */
function names(...lines: readonly string[]): ReadonlyMap<string, readonly string[]> {
  return new Map([['shop', lines]])
}

test('a change is one message: what goes first, then what comes, only what differs', () => {
  const served = names('a. 5 IN A 10.0.0.1', 'b. 5 IN A 10.0.0.2', 'b. 5 IN A 10.0.0.3')
  const wanted = names('a. 5 IN A 10.0.0.1', 'b. 5 IN A 10.0.0.3', 'b. 5 IN A 10.0.0.4', 'c. 5 IN CNAME a.')
  expect(updateMessages('z', served, wanted).map((text) => text.split('\n'))).toEqual([
    [
      'zone z',
      'update delete b. IN A 10.0.0.2',
      'update add b. 5 IN A 10.0.0.4',
      'update add c. 5 IN CNAME a.',
      'send',
      '',
    ],
  ])
  expect(updateMessages('z', wanted, names(...(wanted.get('shop') ?? [])))).toEqual([])
})

test('what a server tells is of no namespace, and compared as a whole', () => {
  const told = new Map([['', ['b. 5 IN A 10.0.0.2', 'a. 5 IN A 10.0.0.1']]])
  const wanted = new Map([
    ['shop', ['a. 5 IN A 10.0.0.1']],
    ['data', ['c. 5 IN A 10.0.0.3']],
  ])
  expect(updateMessages('z', told, wanted).map((text) => text.split('\n').slice(1, -2))).toEqual([
    ['update delete b. IN A 10.0.0.2', 'update add c. 5 IN A 10.0.0.3'],
  ])
})

test('many changes are several messages, and those of one name stay together', () => {
  const labels = Array.from({ length: 90 }, (_, number) => `n${number}`)
  const lines = (last: number) =>
    names(...labels.flatMap((name) => [`${name}. 5 IN A 10.0.0.${last}`, `${name}. 5 IN A 10.0.1.${last}`]))
  const messages = updateMessages('z', lines(1), lines(2))
  expect(messages.length).toBeGreaterThan(1)
  const places = labels.map((name) => messages.filter((text) => text.includes(` ${name}. `)).length)
  expect(new Set(places)).toEqual(new Set([1]))
})

test('what stays the same stays the same object, so that a change costs what changed', () => {
  const view = new DnsView(zone, zones)
  const web = serviceRow('web', { clusterIP: '10.96.0.7' })
  const data = serviceRow('db', { clusterIP: '10.96.0.8', namespace: 'data' })
  const before = view.of(tableOf(data, web)).lines.get(zone)
  const after = view.of(tableOf(data, serviceRow('web', { clusterIP: '10.96.0.9' }))).lines.get(zone)
  expect(after?.get('data')).toBe(before?.get('data'))
  expect(after?.get('shop')).toEqual(['web.shop.svc.cluster.local. 5 IN A 10.96.0.9'])
  const copied = view.of(tableOf({ ...data }, web)).lines.get(zone)
  expect(copied?.get('data')).toBe(before?.get('data'))
  expect(view.of(tableOf(web)).lines.get(zone)?.has('data')).toBe(false)
})

test('what a server tells of a zone', () => {
  const soa = 'z.\t\t5\tIN\tSOA\tns.dns.z. hostmaster.z. 1 7200 1800 86400 1'
  const told = [soa, 'z.\t5\tIN\tNS\tns.dns.z.', 'ns.dns.z.\t5\tIN\tA\t10.96.0.10', 'web.z.\t5\tIN\tA\t10.96.0.7', soa]
  expect(transferred(told.join('\n'))).toEqual(new Set(['web.z. 5 IN A 10.96.0.7']))
  expect(transferred(told.slice(0, -1).join('\n'))).toBeUndefined()
  expect(transferred('; Transfer failed.\n')).toBeUndefined()
})

test('the script comes last, and says what it was started from', () => {
  const ranges = { podCIDR: '10.244.0.0/16', serviceCIDR: '10.96.0.0/16' }
  const files = staticFiles({ zone, dnsAddress: '10.96.0.10', ...ranges }, zones)
  const others = staticFiles({ zone, dnsAddress: '10.96.1.10', ...ranges }, zones)
  expect(files.at(-1)?.path).toBe('dns/run.sh')
  const stamps = [files, others].map((each) => /echo (\w{16}) >/.exec(each.at(-1)?.text ?? '')?.[1])
  expect(new Set(stamps).size).toBe(2)
})

import { expect, test } from 'vitest'
import { recordsOf } from '../../../src/runtime/network/service-records.ts'
import { endpointRow, portRow, serviceRow, zone } from './dns-rows.ts'

const web = 'web.shop.svc.cluster.local'

test.each([
  {
    title: 'with an address',
    given: { clusterIP: '10.96.0.7', ports: [portRow('http', 80), portRow('dns', 53, 'UDP')] },
    records: [
      { type: 'A', name: web, address: '10.96.0.7' },
      { type: 'SRV', name: `_http._tcp.${web}`, target: web, port: 80 },
      { type: 'SRV', name: `_dns._udp.${web}`, target: web, port: 53 },
      { type: 'PTR', address: '10.96.0.7', target: web },
    ],
  },
  {
    title: 'whose port has no name',
    given: { clusterIP: 'fd00::7', ports: [portRow('', 80)] },
    records: [
      { type: 'AAAA', name: web, address: 'fd00::7' },
      { type: 'PTR', address: 'fd00::7', target: web },
    ],
  },
  { title: 'without an address yet', given: { ports: [portRow('', 80)] }, records: [] },
  {
    title: 'of the type ExternalName',
    given: { type: 'ExternalName', externalName: 'db.example.com.' },
    records: [{ type: 'CNAME', name: web, target: 'db.example.com' }],
  },
] as const)('the zone of a Service $title', ({ given, records }) => {
  expect(recordsOf(serviceRow('web', given), zone)).toEqual(records)
})

test('a headless Service answers with its pods, each under its name or its address', () => {
  const addresses = [endpointRow('10.0.0.4', 'db-0'), endpointRow('10.0.0.9')]
  expect(recordsOf(serviceRow('web', { clusterIP: 'None', addresses }), zone)).toEqual([
    { type: 'A', name: web, address: '10.0.0.4' },
    { type: 'A', name: `db-0.${web}`, address: '10.0.0.4' },
    { type: 'SRV', name: `_http._tcp.${web}`, target: `db-0.${web}`, port: 80 },
    { type: 'PTR', address: '10.0.0.4', target: `db-0.${web}` },
    { type: 'A', name: web, address: '10.0.0.9' },
    { type: 'A', name: `10-0-0-9.${web}`, address: '10.0.0.9' },
    { type: 'SRV', name: `_http._tcp.${web}`, target: `10-0-0-9.${web}`, port: 80 },
  ])
})

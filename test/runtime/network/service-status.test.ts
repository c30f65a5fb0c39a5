import { expect, test } from 'vitest'
import { keyOf } from '../../../src/base/key.ts'
import { serviceStatus } from '../../../src/runtime/network/service-status.ts'
import { serviceRow } from '../../../src/runtime/network/service-table.ts'
import { service as manifest, object } from '../../manifests/manifest.ts'

const key = keyOf({ namespace: 'shop', kind: 'Service', name: 'web' })
const web = object('Service', manifest({ selector: { app: 'web' }, ports: [{ port: 80 }] }))
const row = serviceRow(key, web, { pods: [], written: [], allocation: { clusterIP: '10.96.7.7', nodePorts: {} } })

test.each([
  ['services', 'Healthy', '10.96.7.7'],
  ['starting', 'Progressing', 'waits for the network'],
  ['names', 'Healthy', ''],
] as const)('a Service of hosts in mode %s is %s', (mode, health, message) => {
  expect(serviceStatus(web, row, { problems: [], hostAddresses: [], mode })).toMatchObject({ health, message })
})

test('what stands in its way comes first', () => {
  const told = serviceStatus(web, row, { problems: ['one', 'two'], hostAddresses: [], mode: 'starting' })
  expect(told).toMatchObject({ sync: 'OutOfSync', health: 'Degraded', message: 'one; two' })
})

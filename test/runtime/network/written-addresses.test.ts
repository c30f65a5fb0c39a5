import { expect, test } from 'vitest'
import { writtenAddresses } from '../../../src/runtime/network/written-addresses.ts'
import { object } from '../../manifests/manifest.ts'

const endpoints = object(
  'Endpoints',
  `apiVersion: v1
kind: Endpoints
metadata: { name: db }
subsets:
  - addresses: [{ ip: 192.0.2.7, hostname: first }]
    notReadyAddresses: [{ ip: 192.0.2.8 }]
    ports: [{ port: 5433 }]
`,
)
const slice = object(
  'EndpointSlice',
  `apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: db-1, labels: { kubernetes.io/service-name: db } }
addressType: IPv4
endpoints:
  - addresses: [192.0.2.9]
  - addresses: [192.0.2.10]
    conditions: { ready: false }
ports: [{ name: "", port: 5433 }]
`,
)

test('addresses of an Endpoints object are those of the Service of its name', () => {
  expect(writtenAddresses('db', [endpoints], [])).toEqual([
    {
      ports: [{ name: '', protocol: 'TCP', port: 5433 }],
      addresses: [
        { address: '192.0.2.7', hostname: 'first', ready: true },
        { address: '192.0.2.8', hostname: undefined, ready: false },
      ],
    },
  ])
  expect(writtenAddresses('web', [endpoints], [])).toEqual([])
})

test('slices bear the name of their Service, and are ready unless they say no', () => {
  expect(writtenAddresses('db', [], [slice])[0]?.addresses).toEqual([
    { address: '192.0.2.9', hostname: undefined, ready: true },
    { address: '192.0.2.10', hostname: undefined, ready: false },
  ])
  expect(writtenAddresses('web', [], [slice])).toEqual([])
})

test('what both say counts once', () => {
  expect(writtenAddresses('db', [endpoints], [slice])).toHaveLength(1)
})

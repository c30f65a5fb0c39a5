import { expect, test } from 'vitest'
import { keyOf } from '../../../src/base/key.ts'
import type { PodSpec } from '../../../src/manifests/types.ts'
import type { ServicePod } from '../../../src/runtime/network/endpoints.ts'
import { modeOf } from '../../../src/runtime/network/service-mode.ts'
import { serviceRow } from '../../../src/runtime/network/service-table.ts'
import { service as manifest, object, pod as podManifest } from '../../manifests/manifest.ts'

const key = keyOf({ namespace: 'shop', kind: 'Service', name: 'web' })
const selector = { app: 'web' }
const allocation = { clusterIP: '10.96.7.7', nodePorts: { '80/TCP': 30_100 } }

function specOf(container: object = {}): PodSpec {
  return object('Pod', podManifest({ containers: [{ name: 'web', image: 'shop/web:1', ...container }] })).spec
}

function pod(name: string, address: string, extra: Partial<ServicePod> = {}): ServicePod {
  const state = { ready: true, leaving: false, finished: false, hostname: undefined }
  return { name, host: 'one', labels: selector, address, spec: specOf(), ...state, ...extra }
}

function row(spec: object, pods: readonly ServicePod[] = [], given: typeof allocation | undefined = allocation) {
  const service = object('Service', manifest({ selector, ports: [{ port: 80, targetPort: 8080 }], ...spec }))
  return serviceRow(key, service, { pods, written: [], allocation: given })
}

test('ready pods take work, those that leave or fail finish it, new ones that are not ready are told as such', () => {
  const pods = [
    pod('a', '10.244.0.2'),
    pod('b', '10.244.0.3', { leaving: true }),
    pod('c', '10.244.0.4', { ready: false }),
    pod('d', '10.244.0.5', { known: false }),
  ]
  expect(row({}, pods)?.ports[0]?.backends.map(({ name, pod, state }) => [name, pod, state])).toEqual([
    ['a_10-244-0-2_8080', 'shop/a', 'ready'],
    ['b_10-244-0-3_8080', 'shop/b', 'draining'],
    ['c_10-244-0-4_8080', 'shop/c', 'draining'],
    ['d_10-244-0-5_8080', 'shop/d', 'unknown'],
  ])
})

test('the last pod takes work to its end', () => {
  const pods = [pod('a', '10.244.0.2', { leaving: true }), pod('b', '10.244.0.3', { ready: false })]
  expect(row({}, pods)?.ports[0]?.backends.map(({ state }) => state)).toEqual(['last', 'draining'])
})

test('a Service that waits for its address is not in the table', () => {
  const service = object('Service', manifest({ selector, ports: [{ port: 80 }] }))
  expect(serviceRow(key, service, { pods: [], written: [], allocation: undefined })).toBeUndefined()
})

test('a headless Service tells the addresses of its ready pods', () => {
  const spec = { ...specOf(), subdomain: 'web' }
  const pods = [pod('a', '10.244.0.2', { hostname: 'db-0', spec }), pod('b', '10.244.0.3', { ready: false })]
  const headless = row({ clusterIP: 'None' }, pods)
  expect(headless?.clusterIP).toBe('None')
  expect(headless?.addresses.map(({ address, hostname }) => [address, hostname])).toEqual([['10.244.0.2', 'db-0']])
})

test('what is written down stands beside no selector', () => {
  const service = object('Service', manifest({ ports: [{ name: 'pg', port: 5432 }] }))
  const written = [
    {
      ports: [{ name: 'pg', protocol: 'TCP', port: 5433 }],
      addresses: [
        { address: '192.0.2.7', hostname: undefined, ready: true },
        { address: '192.0.2.8', hostname: undefined, ready: false },
      ],
    },
  ]
  const found = serviceRow(key, service, { pods: [], written, allocation: { clusterIP: '10.96.7.7', nodePorts: {} } })
  expect(found?.ports[0]?.backends).toEqual([
    { name: 'written_192-0-2-7_5433', pod: '', host: '', address: '192.0.2.7', port: 5433, state: 'ready' },
  ])
})

test.each([
  [{ port: 80 }, {}, {}, 'detect'],
  [{ port: 5432 }, {}, {}, 'tcp'],
  [{ port: 443, name: 'https' }, {}, {}, 'tcp'],
  [{ port: 7000, name: 'http-api' }, {}, {}, 'detect'],
  [{ port: 7000, appProtocol: 'http' }, {}, {}, 'http'],
  [{ port: 80, appProtocol: 'kubernetes.io/h2c' }, {}, {}, 'tcp'],
  [{ port: 7000 }, {}, { readinessProbe: { httpGet: { path: '/', port: 7000 } } }, 'detect'],
  [{ port: 7000 }, {}, { readinessProbe: { httpGet: { path: '/', port: 7000, scheme: 'HTTPS' } } }, 'tcp'],
  [
    { port: 7000, targetPort: 'api' },
    {},
    { ports: [{ name: 'api', containerPort: 9 }], livenessProbe: { httpGet: { path: '/', port: 9 } } },
    'detect',
  ],
  [{ port: 80 }, { 'berth.dev/service-mode': 'kernel' }, {}, 'kernel'],
])('%j with %j and %j is carried by %s', (port, annotations, container, mode) => {
  const [wanted] = object('Service', manifest({ selector, ports: [port] })).spec.ports ?? []
  expect(modeOf(wanted!, annotations as Record<string, string>, [specOf(container)])).toBe(mode)
})

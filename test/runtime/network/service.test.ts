import { expect, test } from 'vitest'
import type { PodSpec } from '../../../src/manifests/types.ts'
import { podAddressDomain, searchDomains, shortNames } from '../../../src/runtime/network/dns-names.ts'
import { endpointsOf, receivers, type ServicePod, selectsPod } from '../../../src/runtime/network/endpoints.ts'
import { serviceEnv } from '../../../src/runtime/network/service-env.ts'
import { affinitySeconds, sticks } from '../../../src/runtime/network/session-affinity.ts'
import { service as manifest, object, pod as podManifest } from '../../manifests/manifest.ts'

const zone = 'cluster.local'
const selector = { app: 'web' }

function podSpec(extra: object = {}): PodSpec {
  const ports = [
    { name: 'http', containerPort: 8080 },
    { name: 'dns', containerPort: 5353, protocol: 'UDP' },
  ]
  return object('Pod', podManifest({ containers: [{ name: 'web', image: 'shop/web:1', ports }], ...extra })).spec
}

function pod(name: string, extra: Partial<ServicePod> = {}): ServicePod {
  const state = { ready: true, leaving: false, finished: false }
  const address = `10.0.0.${name.length}`
  return { name, host: 'one', labels: selector, address, hostname: undefined, spec: podSpec(), ...state, ...extra }
}

function service(spec: object) {
  return { name: 'web', namespace: 'shop', spec: object('Service', manifest({ selector, ...spec })).spec }
}

const named = service({ ports: [{ name: 'http', port: 80, targetPort: 'http' }] })

test('pods without an address and those that ended are no endpoints; the others come by name', () => {
  const pods = [
    pod('ccc'),
    pod('a', { ready: false }),
    pod('bb', { leaving: true }),
    pod('dddd', { finished: true }),
    pod('eeeee', { address: undefined }),
    pod('ffffff', { labels: { app: 'db' } }),
  ]
  const found = endpointsOf(named, pods).map(({ pod, address, ready, serving, terminating }) => {
    return [pod, address, ready, serving, terminating]
  })
  expect(found).toEqual([
    ['a', '10.0.0.1', false, false, false],
    ['bb', '10.0.0.2', false, true, true],
    ['ccc', '10.0.0.3', true, true, false],
  ])
})

test.each([
  { title: 'the ready ones', pods: [pod('a'), pod('bb', { leaving: true })], expected: ['a'] },
  {
    title: 'those that end, when no other is ready',
    pods: [pod('a', { ready: false }), pod('bb', { leaving: true })],
    expected: ['bb'],
  },
  { title: 'none that does not answer', pods: [pod('a', { ready: false, leaving: true })], expected: [] },
])('requests go to $title', ({ pods, expected }) => {
  expect(receivers(endpointsOf(named, pods)).map((endpoint) => endpoint.pod)).toEqual(expected)
})

test('published though not ready: every pod receives', () => {
  const all = service({ ports: [{ port: 80 }], publishNotReadyAddresses: true })
  const pods = [pod('a', { ready: false }), pod('bb', { leaving: true })]
  expect(receivers(endpointsOf(all, pods)).map((endpoint) => endpoint.pod)).toEqual(['a', 'bb'])
})

test('named target ports are looked up by name and protocol, in sidecars too', () => {
  const sidecar = {
    name: 'proxy',
    image: 'shop/proxy:1',
    restartPolicy: 'Always',
    ports: [{ name: 'tls', containerPort: 8443 }],
  }
  const before = { name: 'wait', image: 'shop/wait:1', ports: [{ name: 'once', containerPort: 1 }] }
  const { spec } = service({
    ports: [
      { name: 'http', port: 80, targetPort: 'http' },
      { name: 'https', port: 443, targetPort: 'tls' },
      { name: 'plain', port: 81, targetPort: 9000 },
      { name: 'wrong-protocol', port: 82, targetPort: 'dns' },
      { name: 'dns', port: 53, targetPort: 'dns', protocol: 'UDP' },
      { name: 'gone', port: 83, targetPort: 'once' },
    ],
  })
  const pods = [pod('a', { spec: podSpec({ initContainers: [before, sidecar] }) })]
  const ports = endpointsOf({ name: 'web', spec }, pods).flatMap((endpoint) => endpoint.ports)
  expect(ports.map(({ name, port, protocol }) => `${name}=${port}/${protocol}`)).toEqual([
    'http=8080/TCP',
    'https=8443/TCP',
    'plain=9000/TCP',
    'dns=5353/UDP',
  ])
})

test('selectors: none and an empty one pick nothing', () => {
  expect([undefined, {}, { app: 'db' }, selector].map((wanted) => selectsPod(wanted, selector))).toEqual([
    ...[false, false, false, true],
  ])
})

test('names that pods may leave out', () => {
  expect(searchDomains('shop', zone)).toEqual(['shop.svc.cluster.local', 'svc.cluster.local', 'cluster.local'])
  expect(shortNames('web.shop.svc.cluster.local', 'op', zone)).toEqual(['web.shop', 'web.shop.svc'])
  expect(podAddressDomain('10.0.0.9', 'shop', zone)).toBe('10-0-0-9.shop.pod.cluster.local')
})

test('variables of named ports, other protocols and IPv6', () => {
  const ports = [
    { name: 'dns-tcp', port: 53 },
    { name: 'dns', port: 53, protocol: 'UDP' as const },
  ]
  const env = serviceEnv({ name: 'kube-dns', clusterIP: 'fd00::a', ports })
  expect(env).toMatchObject({
    KUBE_DNS_SERVICE_PORT: '53',
    KUBE_DNS_SERVICE_PORT_DNS_TCP: '53',
    KUBE_DNS_SERVICE_PORT_DNS: '53',
    KUBE_DNS_PORT: 'tcp://[fd00::a]:53',
    KUBE_DNS_PORT_53_UDP: 'udp://[fd00::a]:53',
    KUBE_DNS_PORT_53_UDP_ADDR: 'fd00::a',
  })
  expect(Object.keys(env)).toHaveLength(13)
})

test.each([
  { title: 'headless', clusterIP: 'None', ports: [{ port: 80 }] },
  { title: 'not addressed yet', clusterIP: '', ports: [{ port: 80 }] },
  { title: 'without ports', clusterIP: '10.96.0.1', ports: [] },
])('a Service that is $title gives no variables', ({ clusterIP, ports }) => {
  expect(serviceEnv({ name: 'web', clusterIP, ports })).toEqual({})
})

test('affinity: three hours unless said otherwise, its last second included, none by default', () => {
  expect(affinitySeconds({ sessionAffinity: 'ClientIP' })).toBe(10_800)
  expect(affinitySeconds({ sessionAffinity: 'None' })).toBeUndefined()
  expect([sticks(60, 60), sticks(60, 61), sticks(60, undefined), sticks(undefined, 1)]).toEqual([
    true,
    false,
    false,
    false,
  ])
})

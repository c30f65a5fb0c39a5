import { describe, expect, test } from 'vitest'
import { renderIgnored } from '../../src/manifests/check.ts'
import { check, json, object, plain, service } from './manifest.ts'

const networking = 'networking.k8s.io/v1'
const metadata = { name: 'web' }
const backend = { service: { name: 'web', port: { number: 80 } } }
const ingress = (spec: object) => ({ apiVersion: networking, kind: 'Ingress', metadata, spec })
const path = (extra: object) =>
  ingress({ rules: [{ http: { paths: [{ path: '/', pathType: 'Prefix', backend, ...extra }] } }] })
const policy = (spec: object) => ({ apiVersion: networking, kind: 'NetworkPolicy', metadata, spec })
const from = (peer: object) => policy({ podSelector: {}, ingress: [{ from: [peer] }] })
const port = (extra: object) => policy({ podSelector: {}, ingress: [{ ports: [extra] }] })
const endpoints = (...subsets: object[]) => ({ apiVersion: 'v1', kind: 'Endpoints', metadata, subsets })
const slice = (extra: object) => {
  const labels = { 'kubernetes.io/service-name': 'web' }
  const kind = 'EndpointSlice'
  return { apiVersion: 'discovery.k8s.io/v1', kind, metadata: { ...metadata, labels }, addressType: 'IPv4', ...extra }
}
const ingressClass = (spec: object) => ({ apiVersion: networking, kind: 'IngressClass', metadata, spec })
const ports = [{ port: 80 }]

describe('what is refused', () => {
  test.each<[object, RegExp]>([
    [service({ ports, clusterIP: '10.96.0.300' }), /^spec.clusterIP: expected an IPv4 address, found/],
    [service({ ports, clusterIP: 'fd00::1' }), /^spec.clusterIP: expected an IPv4 address, as pods/],
    [service({ ports, clusterIPs: ['10.96.0.9'] }), /^spec.clusterIPs\[0\]: expected nothing without clusterIP/],
    [service({ ports, externalIPs: ['127.0.0.1'] }), /^spec.externalIPs\[0\]: expected an address that other machines/],
    [service({ ports, ipFamilies: ['IPv6'] }), /^spec.ipFamilies\[0\]: not supported/],
    [service({ ports: [{ port: 80, protocol: 'SCTP' }] }), /^spec.ports\[0\].protocol: not supported/],
    [service({ ports, loadBalancerSourceRanges: ['10.0.0.0/8'] }), /^spec.loadBalancerSourceRanges: expected nothing/],
    [
      service({ ports, type: 'LoadBalancer', loadBalancerSourceRanges: ['::/0'] }),
      /^spec.loadBalancerSourceRanges: expected at least one range of IPv4/,
    ],
    [service({ ports, externalTrafficPolicy: 'Local' }), /^spec.externalTrafficPolicy: expected nothing/],
    [
      { ...service({ ports }), metadata: { ...metadata, annotations: { 'berth.dev/service-mode': 'fast' } } },
      /service-mode"?\]?: expected tcp, http, detect or kernel, found "fast"/,
    ],
    [ingress({}), /^spec: expected rules or a defaultBackend/],
    [ingress({ defaultBackend: {} }), /^spec.defaultBackend.service: expected a service/],
    [ingress({ defaultBackend: { service: { name: 'web' } } }), /service.port: expected the name or the number/],
    [
      ingress({ defaultBackend: { service: { name: 'web', port: { name: 'a', number: 1 } } } }),
      /service.port: expected one of name and number, found both/,
    ],
    [
      ingress({ defaultBackend: { resource: { kind: 'Bucket', name: 'a' } } }),
      /resource: not supported by this version of berth: expected a service, found "Bucket a"/,
    ],
    [ingress({ defaultBackend: backend, rules: [{ host: '10.0.0.1' }] }), /host: expected a name, not an address/],
    [ingress({ defaultBackend: backend, rules: [{ host: 'a.*.b' }] }), /host: expected a host name like/],
    [ingress({ defaultBackend: backend, tls: [{ hosts: ['*'] }] }), /^spec.tls\[0\].hosts\[0\]: expected a host name/],
    [path({ path: 'a' }), /paths\[0\].path: expected a path that begins with "\/"/],
    [path({ path: '/a/../b' }), /paths\[0\].path: expected a path without/],
    [path({ pathType: undefined }), /paths\[0\].pathType: expected Exact, Prefix or ImplementationSpecific/],
    [ingressClass({}), /^spec.controller: expected a string/],
    [ingressClass({ controller: 'berth' }), /^spec.controller: expected the name of a controller/],
    [from({}), /from\[0\]: expected a podSelector/],
    [from({ ipBlock: { cidr: '10.0.0.0' } }), /ipBlock.cidr: expected a range of addresses/],
    [from({ ipBlock: { cidr: '10.0.0.0/8' }, podSelector: {} }), /from\[0\]: expected an ipBlock or selectors/],
    [from({ ipBlock: { cidr: '10.0.0.0/8', except: ['10.0.0.0/8'] } }), /except\[0\]: expected a smaller range inside/],
    [from({ ipBlock: { cidr: '10.0.0.0/8', except: ['11.0.0.0/9'] } }), /except\[0\]: expected a smaller range inside/],
    [from({ podSelector: { matchLabels: { 'a b': 'c' } } }), /podSelector.matchLabels/],
    [port({ port: 0 }), /ports\[0\].port: expected a port from 1/],
    [port({ endPort: 90 }), /ports\[0\].endPort: expected nothing without/],
    [port({ port: 91, endPort: 90 }), /ports\[0\].endPort: expected at least port, which is 91/],
    [policy({ podSelector: {}, policyTypes: ['All'] }), /policyTypes\[0\]: expected Ingress or Egress/],
    [endpoints({ ports }), /^subsets\[0\].addresses: expected at least one/],
    [endpoints({ addresses: [{ ip: '169.254.0.1' }] }), /addresses\[0\].ip: expected an address that other/],
    [endpoints({ addresses: [{ ip: 'fd00::1' }] }), /addresses\[0\].ip: expected an IPv4 address, as/],
    [
      endpoints({ addresses: [{ ip: '192.0.2.1' }], ports: [{ port: 1 }, { port: 2, name: 'b' }] }),
      /ports\[0\].name: expected a name, as there are several/,
    ],
    [slice({ endpoints: [{ addresses: [] }] }), /^endpoints\[0\].addresses: expected 1 to 100 addresses, found 0/],
    [slice({ endpoints: [{ addresses: ['a'] }] }), /^endpoints\[0\].addresses\[0\]: expected an IPv4 address/],
  ])('%j', (manifest, problem) => {
    const problems = plain(manifest)
    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatch(problem)
  })
})

describe('what has no effect is told', () => {
  const told = (manifest: object) => {
    const { problems, ignored } = check(json(manifest))
    expect(problems).toEqual([])
    return ignored.map(renderIgnored).map((text) => text.split(': ')[1])
  }
  test.each<[object, string[]]>([
    [service({ ports, internalTrafficPolicy: 'Cluster', ipFamilyPolicy: 'SingleStack', ipFamilies: ['IPv4'] }), []],
    [service({ ports, internalTrafficPolicy: 'Local' }), ['spec.internalTrafficPolicy']],
    [
      service({ ports, ipFamilies: ['IPv4', 'IPv6'], ipFamilyPolicy: 'PreferDualStack' }),
      ['spec.ipFamilyPolicy', 'spec.ipFamilies[1]'],
    ],
    [service({ ports, type: 'LoadBalancer', loadBalancerIP: '192.0.2.1' }), ['spec.loadBalancerIP']],
    [from({ ipBlock: { cidr: '2001:db8::/32' } }), ['spec.ingress[0].from[0].ipBlock.cidr']],
    [slice({ addressType: 'IPv6', endpoints: [{ addresses: ['fd00::1'] }] }), ['addressType']],
    [path({ path: '/a(/|$)(.*)', pathType: 'ImplementationSpecific' }), []],
    [ingress({ rules: [{ host: '*.example.com' }] }), []],
  ])('%j', (manifest, paths) => {
    expect(told(manifest)).toEqual(paths)
  })
})

describe('defaults', () => {
  test('of a NetworkPolicy follow from its rules', () => {
    expect(object('NetworkPolicy', policy({})).spec).toEqual({ podSelector: {}, policyTypes: ['Ingress'] })
    expect(object('NetworkPolicy', policy({ egress: [{}] })).spec.policyTypes).toEqual(['Ingress', 'Egress'])
    expect(object('NetworkPolicy', policy({ policyTypes: ['Egress'] })).spec.policyTypes).toEqual(['Egress'])
  })
  test('source ranges are also taken from the annotation, those of IPv6 are left out', () => {
    const annotations = { 'service.beta.kubernetes.io/load-balancer-source-ranges': '10.0.0.0/8, 2001:db8::/32' }
    const manifest = { ...service({ ports, type: 'LoadBalancer' }), metadata: { ...metadata, annotations } }
    expect(object('Service', manifest).spec.loadBalancerSourceRanges).toEqual(['10.0.0.0/8'])
  })
})

import { expect, test } from 'vitest'
import type { Ingress, IngressTLS } from '../../../src/manifests/types.ts'
import { certificateWishes } from '../../../src/runtime/network/acme-wanted.ts'

function ingress(annotations: Record<string, string>, ...tls: IngressTLS[]): Ingress {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { namespace: 'shop', name: 'web', annotations },
    spec: { tls },
  }
}

const asks = { 'berth.dev/acme': 'true' }
const entry = { hosts: ['b.example', 'A.example', 'b.example'], secretName: 'web-tls' }
const hosts = (one: Ingress, secrets: string[] = []) =>
  certificateWishes(one, (name) => secrets.includes(name)).wanted.map((wanted) => wanted.hosts.join(' '))

test.each<[string, Record<string, string>, string[]]>([
  ['none', {}, []],
  ["Berth's own", asks, ['a.example b.example']],
  ['switched off', { 'berth.dev/acme': 'false' }, []],
  ['a ClusterIssuer of any name', { 'cert-manager.io/cluster-issuer': 'letsencrypt-prod' }, ['a.example b.example']],
  ['an Issuer of any name', { 'cert-manager.io/issuer': 'mine' }, ['a.example b.example']],
  ['an Issuer without a name', { 'cert-manager.io/issuer': '' }, []],
  ['the old one', { 'kubernetes.io/tls-acme': 'true' }, ['a.example b.example']],
  ['the old one, off', { 'kubernetes.io/tls-acme': 'false' }, []],
])('annotation: %s', (_, annotations, expected) => {
  expect(hosts(ingress(annotations, entry))).toEqual(expected)
})

test('a Secret in Git is used, and nothing is ordered for its entry', () => {
  const two = ingress(asks, entry, { hosts: ['c.example'], secretName: 'other' })
  expect(hosts(two, ['web-tls'])).toEqual(['c.example'])
  expect(hosts(two, ['web-tls', 'other'])).toEqual([])
})

test('an entry need not name a Secret', () => {
  expect(hosts(ingress(asks, { hosts: ['c.example'] }))).toEqual(['c.example'])
})

test('what HTTP-01 cannot prove is told, and the rest is ordered', () => {
  const given = ingress(asks, { hosts: ['*.example.com', 'example.com'] }, { secretName: 'nobody' })
  expect(certificateWishes(given, () => false)).toEqual({
    wanted: [{ ingress: 'shop/Ingress/web', hosts: ['example.com'] }],
    problems: [
      {
        key: 'shop/Ingress/web',
        message: 'no certificate is obtained for *.example.com: HTTP-01 cannot prove wildcards; put a Secret into Git',
      },
      { key: 'shop/Ingress/web', message: 'no certificate is obtained for an entry of spec.tls that names no hosts' },
    ],
  })
})

import { expect, test } from 'vitest'
import type { Ingress } from '../../../src/manifests/types.ts'
import { withoutClashes } from '../../../src/runtime/network/ingress-guests.ts'

function ingress(place: string, hosts: readonly string[], more: Partial<Ingress['spec']> = {}): Ingress {
  const [namespace = '', name = ''] = place.split('/')
  const rules = hosts.map((host) => ({ host, http: { paths: [] } }))
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { namespace, name },
    spec: { rules, ...more },
  }
}

const guestOf = (key: string) => (key.includes('-pr-') ? (key.split('/')[0] ?? '') : '')
const outcome = (...ingresses: readonly Ingress[]) => {
  const { ingresses: served, clashes } = withoutClashes(ingresses, guestOf)
  return [served.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`), [...clashes.values()]]
}

test.each([
  {
    title: 'a host of production is not a preview’s, whoever comes first by name',
    ingresses: [ingress('a-pr-7/web', ['Shop.example.com']), ingress('shop/web', ['shop.example.com'])],
    served: [['shop/web'], ['shop.example.com is the host of shop/Ingress/web: it is not served']],
  },
  {
    title: 'nor with another path, a canary, or a certificate for it',
    ingresses: [
      ingress('shop/web', ['shop.example.com']),
      ingress('shop-pr-7/tls', ['pr-7.shop.example.com'], { tls: [{ hosts: ['shop.example.com'], secretName: 's' }] }),
    ],
    served: [['shop/web'], ['shop.example.com is the host of shop/Ingress/web: it is not served']],
  },
  {
    title: 'one of its hosts is enough',
    ingresses: [ingress('shop/web', ['a.example.com']), ingress('shop-pr-7/web', ['b.example.com', 'a.example.com'])],
    served: [['shop/web'], ['a.example.com is the host of shop/Ingress/web: it is not served']],
  },
  {
    title: 'of two previews the first has it',
    ingresses: [ingress('shop-pr-8/web', ['x.example.com']), ingress('shop-pr-7/web', ['x.example.com'])],
    served: [['shop-pr-7/web'], ['x.example.com is the host of shop-pr-7/Ingress/web: it is not served']],
  },
  {
    title: 'who is not served takes no other host either',
    ingresses: [
      ingress('shop/web', ['a.example.com']),
      ingress('shop-pr-7/web', ['a.example.com', 'b.example.com']),
      ingress('shop-pr-8/web', ['b.example.com']),
    ],
    served: [['shop/web', 'shop-pr-8/web'], ['a.example.com is the host of shop/Ingress/web: it is not served']],
  },
  {
    title: 'Ingresses of one preview share their hosts, and those of production do',
    ingresses: [
      ingress('shop/a', ['a.example.com']),
      ingress('other/a', ['a.example.com']),
      ingress('shop-pr-7/a', ['b.example.com']),
      ingress('shop-pr-7/b', ['b.example.com']),
    ],
    served: [['shop/a', 'other/a', 'shop-pr-7/a', 'shop-pr-7/b'], []],
  },
])('$title', ({ ingresses, served }) => {
  expect(outcome(...ingresses)).toEqual(served)
})

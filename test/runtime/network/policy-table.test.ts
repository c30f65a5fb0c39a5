import { describe, expect, test } from 'vitest'
import type { NetworkPolicy } from '../../../src/manifests/types.ts'
import { type PolicyPod, policyRows } from '../../../src/runtime/network/policy-table.ts'
import { object, pod as podManifest } from '../../manifests/manifest.ts'

const spec = object(
  'Pod',
  podManifest({ containers: [{ name: 'web', image: 'web:1', ports: [{ name: 'http', containerPort: 8080 }] }] }),
).spec

function pod(namespace: string, name: string, address: string): PolicyPod {
  return { namespace, name, host: 'one', labels: { app: name }, address, spec }
}

const pods = [
  pod('shop', 'web', '10.244.0.2'),
  pod('shop', 'db', '10.244.0.3'),
  pod('blog', 'web', '10.244.0.66'),
  pod('ops', 'scraper', '10.244.0.130'),
]
const namespaces = new Map([['ops', { team: 'ops' }]])

function policy(spec: object): NetworkPolicy {
  const metadata = { name: 'p', namespace: 'shop' }
  return object('NetworkPolicy', { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata, spec })
}

function rows(...policies: readonly NetworkPolicy[]) {
  return policyRows({ policies, pods, namespaces })
}

const db = { podSelector: { matchLabels: { app: 'db' } } }

test('pods that no policy selects are not in the table', () => {
  expect(rows()).toEqual([])
  expect(rows(policy(db)).map(({ pod }) => pod)).toEqual(['shop/db'])
  expect(rows(policy({ podSelector: {} })).map(({ pod }) => pod)).toEqual(['shop/db', 'shop/web'])
})

describe('incoming traffic', () => {
  test.each([
    ['nothing', {}, []],
    ['everybody', { ingress: [{}] }, [{ peers: undefined, except: [], ports: undefined }]],
    [
      'pods of the namespace',
      { ingress: [{ from: [{ podSelector: { matchLabels: { app: 'web' } } }] }] },
      [{ peers: ['10.244.0.2'], except: [], ports: undefined }],
    ],
    [
      'all pods of other namespaces',
      { ingress: [{ from: [{ namespaceSelector: { matchLabels: { team: 'ops' } } }] }] },
      [{ peers: ['10.244.0.130'], except: [], ports: undefined }],
    ],
    [
      'a namespace by its name',
      { ingress: [{ from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'blog' } } }] }] },
      [{ peers: ['10.244.0.66'], except: [], ports: undefined }],
    ],
    [
      'pods of certain namespaces: both have to match',
      { ingress: [{ from: [{ namespaceSelector: {}, podSelector: { matchLabels: { app: 'web' } } }] }] },
      [{ peers: ['10.244.0.2', '10.244.0.66'], except: [], ports: undefined }],
    ],
    [
      'addresses but some',
      {
        ingress: [
          {
            from: [{ ipBlock: { cidr: '192.0.2.0/24', except: ['192.0.2.7/32'] } }],
            ports: [{ port: 80, endPort: 90 }],
          },
        ],
      },
      [{ peers: ['192.0.2.0/24'], except: ['192.0.2.7/32'], ports: [{ protocol: 'TCP', from: 80, to: 90 }] }],
    ],
    [
      'a port by its name on the pod',
      { ingress: [{ ports: [{ port: 'http' }] }] },
      [{ peers: undefined, except: [], ports: [{ protocol: 'TCP', from: 8080, to: 8080 }] }],
    ],
    ['a port that the pod does not have', { ingress: [{ ports: [{ port: 'grpc' }] }] }, []],
    ['peers that are not there', { ingress: [{ from: [{ podSelector: { matchLabels: { app: 'none' } } }] }] }, []],
  ])('is let through from %s', (_title, rules, expected) => {
    const [row] = rows(policy({ ...db, ...rules }))
    expect(row?.ingress).toEqual(expected)
    expect(row?.egress).toBeUndefined()
  })

  test('is what any policy lets through', () => {
    const one = policy({ ...db, ingress: [{ ports: [{ port: 1 }] }] })
    const two = policy({ ...db, ingress: [{ ports: [{ port: 2, protocol: 'UDP' }] }] })
    expect(rows(one, two)[0]?.ingress).toHaveLength(2)
  })
})

describe('outgoing traffic', () => {
  test('is not restricted unless a policy says so', () => {
    const [row] = rows(policy({ ...db, policyTypes: ['Egress'] }))
    expect(row).toMatchObject({ ingress: undefined, egress: [] })
  })

  test('goes to ports as each peer names them', () => {
    const to = [{ podSelector: { matchLabels: { app: 'web' } } }]
    const [row] = rows(
      policy({
        ...db,
        policyTypes: ['Egress'],
        egress: [{ to, ports: [{ port: 'http' }, { port: 53, protocol: 'UDP' }] }],
      }),
    )
    expect(row?.egress).toEqual([
      { peers: ['10.244.0.2'], except: [], ports: [{ protocol: 'UDP', from: 53, to: 53 }] },
      { peers: ['10.244.0.2'], except: [], ports: [{ protocol: 'TCP', from: 8080, to: 8080 }] },
    ])
  })
})

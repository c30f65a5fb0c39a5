import { expect, test } from 'vitest'
import type { Ingress } from '../../../src/manifests/types.ts'
import { type IngressHosts, IngressView } from '../../../src/runtime/network/ingress-view.ts'
import type { PolicyRow, PolicyRule, ServiceRow } from '../../../src/runtime/network/table.ts'

const web: ServiceRow = {
  ...{ key: 'shop/Service/web', namespace: 'shop', name: 'web', type: 'ClusterIP', clusterIP: '10.96.0.9' },
  ...{ externalName: '', externalIPs: [], selector: {}, sourceRanges: [], affinitySeconds: undefined, addresses: [] },
  ports: [
    {
      ...{ name: '', protocol: 'TCP', port: 80, nodePort: 0, mode: 'http' },
      backends: [
        { name: 'web_8080', pod: 'shop/web', host: 'local', address: '10.244.0.9', port: 8080, state: 'ready' },
      ],
    },
  ],
}
const backend = { service: { name: 'web', port: { number: 80 } } }
const ingress: Ingress = {
  ...{ apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: { namespace: 'shop', name: 'web' } },
  spec: { rules: [{ host: 'shop.example.com', http: { paths: [{ path: '/', pathType: 'Prefix', backend }] } }] },
}
const hosts: IngressHosts = {
  ...{ httpPort: 80, httpsPort: 443, addresses: ['192.0.2.1'], problems: [], policies: [], mode: 'services' },
}

function statusWith(policies: readonly PolicyRow[]) {
  const view = new IngressView({
    ...{ className: undefined, ingresses: () => [ingress], classes: () => [] },
    ...{ service: (key) => (key === web.key ? web : undefined), secret: () => undefined },
    ...{ obtained: () => ({ obtained: [], challenges: {} }), certificateProblems: () => [] },
  })
  const { health, message } = view.statusOf(ingress, { ...hosts, policies })
  return `${health}: ${message}`
}

const row = (pod: string, rules: readonly PolicyRule[] | undefined): PolicyRow => ({
  ...{ pod, address: '10.244.0.9', host: 'local', ingress: rules, egress: undefined },
})
const anybodyAt = (from: number): PolicyRule => ({
  ...{ peers: undefined, except: [], ports: [{ protocol: 'TCP', from, to: from }] },
})
const served = 'Healthy: http://shop.example.com'
const passed = `${served}; requests through it reach the pods of web whatever NetworkPolicies say`

test.each([
  { title: 'there are none', policies: [], expected: served },
  { title: 'they select other pods', policies: [row('shop/db', [])], expected: served },
  { title: 'they are about egress only', policies: [row('shop/web', undefined)], expected: served },
  { title: 'they let everybody in at the port', policies: [row('shop/web', [anybodyAt(8080)])], expected: served },
  { title: 'they let everybody in at another one', policies: [row('shop/web', [anybodyAt(9090)])], expected: passed },
  { title: 'they let nobody in', policies: [row('shop/web', [])], expected: passed },
  {
    title: 'they let some in',
    policies: [row('shop/web', [{ peers: ['192.0.2.0/24'], except: [], ports: undefined }])],
    expected: passed,
  },
])('what an Ingress says of NetworkPolicies where $title', ({ policies, expected }) => {
  expect(statusWith(policies)).toBe(expected)
})

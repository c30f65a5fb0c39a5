import { expect, test } from 'vitest'
import type { Service, ServiceSpec } from '../../src/manifests/types.ts'
import { hasUnseenPorts } from '../../src/preview/unseen-ports.ts'

const service = (spec: Partial<ServiceSpec>, annotations = {}): Service => ({
  ...{ apiVersion: 'v1', kind: 'Service', metadata: { name: 'game', annotations } },
  spec: { type: 'NodePort', sessionAffinity: 'None', ports: [{ port: 1, targetPort: 1, protocol: 'TCP' }], ...spec },
})
const udp: Partial<ServiceSpec> = {
  ports: [
    { port: 2, targetPort: 2, protocol: 'TCP' },
    { port: 1, targetPort: 1, protocol: 'UDP' },
  ],
}
const kernel = { 'berth.dev/service-mode': 'kernel' }

test.each([
  ['a node port of TCP is seen', [service({})], false],
  ['one of UDP is not', [service({}), service(udp)], true],
  ['one that the kernel carries is not', [service({}, kernel)], true],
  ['what is reached from within alone is no use', [service({ ...udp, type: 'ClusterIP' }, kernel)], false],
  ['there are no Services', [], false],
] as const)('%s', (_title, services, unseen) => {
  expect(hasUnseenPorts(services)).toBe(unseen)
})

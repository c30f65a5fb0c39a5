// A table of the data path with one Service.
import type { Allocation, NetworkTable, ServiceRow } from '../../src/runtime/network/table.ts'
import type { PodRef } from '../../src/runtime/port.ts'

export const nothingElse: Omit<NetworkTable, 'services'> = {
  ingress: { routes: [], certificates: [], challenges: {} },
  policies: [],
  zone: 'cluster.local',
}

export const allocation: Allocation = { clusterIP: '10.96.0.80', nodePorts: {} }

/** `shop/Service/web`, with one pod behind its one port. */
export function serviceOf({ host, namespace, name }: PodRef): ServiceRow {
  const address = '10.244.0.9'
  const backend = { name: `${name}_80`, pod: `${namespace}/${name}`, host, address, port: 80, state: 'ready' } as const
  return {
    ...{ key: 'shop/Service/web', namespace: 'shop', name: 'web', type: 'ClusterIP' },
    ...{ clusterIP: allocation.clusterIP, externalName: '', externalIPs: [], sourceRanges: [] },
    ...{ selector: { app: 'web' }, affinitySeconds: undefined, addresses: [] },
    ports: [{ name: '', protocol: 'TCP', port: 80, nodePort: 0, mode: 'tcp', backends: [backend] }],
  }
}

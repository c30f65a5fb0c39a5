import type { EndpointRow, NetworkTable, ServicePortRow, ServiceRow } from '../../../src/runtime/network/table.ts'

export const zone = 'cluster.local'

/** A Service of namespace `shop`, without an address unless one is given. */
export function serviceRow(name: string, given: Partial<ServiceRow> = {}): ServiceRow {
  const { namespace = 'shop' } = given
  return {
    key: `${namespace}/Service/${name}`,
    namespace,
    name,
    type: 'ClusterIP',
    clusterIP: '',
    externalName: '',
    externalIPs: [],
    selector: {},
    sourceRanges: [],
    affinitySeconds: undefined,
    ports: [],
    addresses: [],
    ...given,
  }
}

export function portRow(name: string, port: number, protocol: ServicePortRow['protocol'] = 'TCP'): ServicePortRow {
  return { name, protocol, port, nodePort: 0, mode: 'tcp', backends: [] }
}

/** One ready address of a headless Service, with port 80 named `http`. */
export function endpointRow(address: string, hostname?: string): EndpointRow {
  return { address, hostname, ports: [{ name: 'http', protocol: 'TCP', port: 80 }] }
}

export function tableOf(...services: readonly ServiceRow[]): NetworkTable {
  return { services, ingress: { routes: [], certificates: [], challenges: {} }, policies: [], zone }
}

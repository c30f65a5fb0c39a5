import type { NetworkOptions } from '../../src/runtime/docker/node/options.ts'
import type { NetworkTable } from '../../src/runtime/network/table.ts'
import { testNodeImage } from '../support/node-image.ts'

/** Not to be used by two test files at once: they would share addresses. */
export const nodeNetwork: NetworkOptions = {
  podCIDR: '10.198.0.0/16',
  mtu: 1450,
  mode: 'services',
  serviceCIDR: '10.110.0.0/24',
  nodeImage: testNodeImage,
  ingress: { httpPort: 0, httpsPort: 0 },
}

export const emptyTable: NetworkTable = {
  services: [],
  ingress: { routes: [], certificates: [], challenges: {} },
  policies: [],
  zone: 'cluster.local',
}

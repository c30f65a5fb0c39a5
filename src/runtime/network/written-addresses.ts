import type { EndpointSlice, Endpoints } from '../../manifests/types.ts'
import type { WrittenAddresses } from './service-table.ts'

/** Which Service a slice is for. */
const serviceLabel = 'kubernetes.io/service-name'

/**
 * Addresses that people wrote down for a Service without a selector: an Endpoints object of its name, and slices that bear its name. What
 * both say counts once.
 */
export function writtenAddresses(
  service: string,
  endpoints: readonly Endpoints[],
  slices: readonly EndpointSlice[],
): readonly WrittenAddresses[] {
  const own = endpoints.filter(({ metadata }) => metadata.name === service).flatMap(ofEndpoints)
  const sliced = slices
    .filter(({ metadata, addressType }) => addressType === 'IPv4' && metadata.labels?.[serviceLabel] === service)
    .map(ofSlice)
  return own.length > 0 ? own : sliced
}

function ofEndpoints({ subsets = [] }: Endpoints): readonly WrittenAddresses[] {
  return subsets.map(({ addresses = [], notReadyAddresses = [], ports = [] }) => ({
    ports: ports.map(({ name = '', protocol, port }) => ({ name, protocol, port })),
    addresses: [
      ...addresses.map(({ ip, hostname }) => ({ address: ip, hostname, ready: true })),
      ...notReadyAddresses.map(({ ip, hostname }) => ({ address: ip, hostname, ready: false })),
    ],
  }))
}

/** The API says of a condition that is not given: take it for true. */
function ofSlice({ endpoints = [], ports = [] }: EndpointSlice): WrittenAddresses {
  return {
    ports: ports.flatMap(({ name, protocol, port }) => (port === undefined ? [] : [{ name, protocol, port }])),
    addresses: endpoints.flatMap(({ addresses, hostname, conditions }) =>
      addresses.map((address) => ({ address, hostname, ready: conditions?.ready ?? true })),
    ),
  }
}

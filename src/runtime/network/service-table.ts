import type { Key } from '../../base/key.ts'
import type { PodSpec, Service, ServicePort } from '../../manifests/types.ts'
import { type Endpoint, endpointsOf, receivers, type ServicePod } from './endpoints.ts'
import { modeOf } from './service-mode.ts'
import { affinitySeconds } from './session-affinity.ts'
import type { Allocation, BackendRow, EndpointRow, ServicePortRow, ServiceRow } from './table.ts'

/** Addresses that are written down (Endpoints, EndpointSlice), of one set of ports. */
export interface WrittenAddresses {
  /** Empty name: the only port. */
  readonly ports: readonly { readonly name: string; readonly protocol: string; readonly port: number }[]
  readonly addresses: readonly {
    readonly address: string
    readonly hostname: string | undefined
    readonly ready: boolean
  }[]
}

export interface ServiceFacts {
  /** Those of its namespace that may be meant. */
  readonly pods: readonly ServicePod[]
  /** Only of a Service without a selector. */
  readonly written: readonly WrittenAddresses[]
  /** Undefined: none yet. */
  readonly allocation: Allocation | undefined
}

/** A Service as the data path has it; undefined while it has no address that it needs. */
export function serviceRow(key: Key, { metadata, spec }: Service, facts: ServiceFacts): ServiceRow | undefined {
  const { name, namespace = '', annotations = {} } = metadata
  const { type, ports = [], externalIPs = [], loadBalancerSourceRanges = [] } = spec
  const clusterIP =
    type === 'ExternalName' ? '' : spec.clusterIP === 'None' ? 'None' : (facts.allocation?.clusterIP ?? '')
  if (type !== 'ExternalName' && clusterIP === '') return undefined
  const endpoints = endpointsOf({ name, spec }, facts.pods)
  const specs = facts.pods
    .filter((pod) => endpoints.some((endpoint) => endpoint.pod === pod.name))
    .map((pod) => pod.spec)
  return {
    ...{ key, namespace, name, type, clusterIP, externalIPs },
    externalName: (type === 'ExternalName' && spec.externalName) || '',
    selector: spec.selector ?? {},
    sourceRanges: type === 'LoadBalancer' ? loadBalancerSourceRanges : [],
    affinitySeconds: affinitySeconds(spec),
    ports:
      type === 'ExternalName'
        ? []
        : ports.map((port) => portRow(port, annotations, facts, endpoints, namespace, specs)),
    addresses: [...endpoints.filter(({ ready }) => ready).map(endpointRow), ...facts.written.flatMap(writtenRows)],
  }
}

function portRow(
  port: ServicePort,
  annotations: Readonly<Record<string, string>>,
  { written, allocation }: ServiceFacts,
  endpoints: readonly Endpoint[],
  namespace: string,
  specs: readonly PodSpec[],
): ServicePortRow {
  const { name = '', protocol } = port
  return {
    ...{ name, protocol, port: port.port },
    nodePort: allocation?.nodePorts[`${port.port}/${protocol}`] ?? 0,
    mode: modeOf(port, annotations, specs),
    backends: [...podBackends(name, endpoints, namespace), ...written.flatMap((set) => writtenBackends(name, set))],
  }
}

function podBackends(port: string, endpoints: readonly Endpoint[], namespace: string): BackendRow[] {
  const takers = new Set(receivers(endpoints))
  return endpoints.flatMap((endpoint) => {
    const own = endpoint.ports.find(({ name }) => name === port)
    if (!own) return []
    const { pod, host, address } = endpoint
    const state = takers.has(endpoint) ? takingState(endpoint) : 'draining'
    return [
      { name: serverName(pod, address, own.port), pod: `${namespace}/${pod}`, host, address, port: own.port, state },
    ]
  })
}

function takingState({ known, terminating }: Endpoint): BackendRow['state'] {
  if (terminating) return 'last'
  return known ? 'ready' : 'unknown'
}

function writtenBackends(port: string, { ports, addresses }: WrittenAddresses): BackendRow[] {
  const own = ports.find(({ name }) => name === port)
  if (!own) return []
  return addresses
    .filter(({ ready }) => ready)
    .map(({ address }) => {
      const name = serverName('written', address, own.port)
      return { name, pod: '', host: '', address, port: own.port, state: 'ready' }
    })
}

/** A pod of the same name at another address is another server. */
function serverName(pod: string, address: string, port: number): string {
  return `${pod}_${address.replaceAll(/[^0-9a-zA-Z]/g, '-')}_${port}`
}

function endpointRow({ address, hostname, ports }: Endpoint): EndpointRow {
  return { address, hostname, ports }
}

function writtenRows({ ports, addresses }: WrittenAddresses): EndpointRow[] {
  return addresses.filter(({ ready }) => ready).map(({ address, hostname }) => ({ address, hostname, ports }))
}

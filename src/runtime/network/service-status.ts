import type { Service } from '../../manifests/types.ts'
import type { ServiceRow } from './table.ts'

/** What the report is to know besides the Service's own row. */
export interface ServiceCircumstances {
  /** Why it is not served as it is wanted. */
  readonly problems: readonly string[]
  /** Of the hosts themselves. */
  readonly hostAddresses: readonly string[]
  /** `starting`: no host was brought to it yet. `names`: no host has more than Docker's own names. */
  readonly mode: 'services' | 'starting' | 'names'
}

export interface ServiceStatus {
  readonly kind: 'Service'
  readonly namespace: string
  readonly name: string
  readonly sync: 'Synced' | 'OutOfSync'
  readonly health: 'Healthy' | 'Progressing' | 'Degraded'
  /** Pods in traffic, of those behind it; empty for what has none. */
  readonly ready: string
  /** Where it is reached, or why it is not. */
  readonly message: string
  readonly failed: boolean
}

export function serviceStatus(
  { metadata, spec }: Service,
  row: ServiceRow | undefined,
  { problems, hostAddresses, mode }: ServiceCircumstances,
): ServiceStatus {
  const common = { kind: 'Service' as const, namespace: metadata.namespace ?? '', name: metadata.name, failed: false }
  if (problems.length > 0) {
    return { ...common, sync: 'OutOfSync', health: 'Degraded', ready: readyOf(row), message: problems.join('; ') }
  }
  if (!row) return { ...common, sync: 'Synced', health: 'Progressing', ready: '', message: 'waits for an address' }
  if (mode === 'starting') {
    return { ...common, sync: 'Synced', health: 'Progressing', ready: readyOf(row), message: 'waits for the network' }
  }
  const message = mode === 'services' || spec.type === 'ExternalName' ? addressesOf(row, hostAddresses) : ''
  return { ...common, sync: 'Synced', health: 'Healthy', ready: readyOf(row), message }
}

function readyOf(row: ServiceRow | undefined): string {
  if (!row || row.type === 'ExternalName') return ''
  const backends = row.ports.flatMap((port) => port.backends)
  const all = new Set(backends.map(({ name }) => podPart(name)))
  const ready = new Set(backends.filter(({ state }) => state !== 'draining').map(({ name }) => podPart(name)))
  return `${ready.size}/${all.size}`
}

/** Pod and address, without the port. */
function podPart(server: string): string {
  return server.replace(/_\d+$/, '')
}

function addressesOf(row: ServiceRow, hostAddresses: readonly string[]): string {
  if (row.type === 'ExternalName') return row.externalName
  if (row.clusterIP === 'None') return 'headless'
  const outside = row.type === 'LoadBalancer' ? [...row.externalIPs, ...hostAddresses] : row.externalIPs
  const nodePorts = row.ports
    .filter(({ nodePort }) => nodePort !== 0)
    .map(({ port, nodePort }) => `${port} on ${nodePort}`)
  const node = nodePorts.length === 0 ? [] : [`node port ${nodePorts.join(', ')}`]
  return [[row.clusterIP, ...outside].join(', '), ...node].join(', ')
}

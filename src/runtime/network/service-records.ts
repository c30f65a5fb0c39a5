import type { ServiceSpec } from '../../manifests/types.ts'
import { addressLabel, portDomain, serviceDomain } from './dns-names.ts'
import type { Endpoint } from './endpoints.ts'

/** Names have no closing dot; the server adds time to live, priority and weight. */
export type DnsRecord =
  | { readonly type: 'A' | 'AAAA'; readonly name: string; readonly address: string }
  | { readonly type: 'CNAME'; readonly name: string; readonly target: string }
  | { readonly type: 'SRV'; readonly name: string; readonly target: string; readonly port: number }
  | { readonly type: 'PTR'; readonly address: string; readonly target: string }

export interface NamedService {
  readonly name: string
  readonly namespace: string
  readonly spec: ServiceSpec
}

/**
 * What the zone answers for a Service: its address; of a headless one those of its ready endpoints, each under a name of its own too; of an
 * ExternalName an alias. Nothing while it has no address.
 */
export function recordsOf(
  { name, namespace, spec }: NamedService,
  endpoints: readonly Endpoint[],
  zone: string,
): readonly DnsRecord[] {
  const domain = serviceDomain(name, namespace, zone)
  if (spec.type === 'ExternalName') {
    const target = (spec.externalName ?? '').replace(/\.$/, '')
    return target === '' ? [] : [{ type: 'CNAME', name: domain, target }]
  }
  if (spec.clusterIP === 'None') return headless(domain, endpoints)
  return spec.clusterIP ? withAddress(domain, spec, spec.clusterIP) : []
}

function withAddress(domain: string, { ports = [] }: ServiceSpec, address: string): readonly DnsRecord[] {
  const services = ports.flatMap(({ name, protocol, port }): DnsRecord[] =>
    name ? [{ type: 'SRV', name: portDomain(name, protocol, domain), target: domain, port }] : [],
  )
  return [addressRecord(domain, address), ...services, { type: 'PTR', address, target: domain }]
}

function headless(domain: string, endpoints: readonly Endpoint[]): readonly DnsRecord[] {
  return endpoints
    .filter(({ ready }) => ready)
    .flatMap(({ address, hostname, ports }): DnsRecord[] => {
      const target = `${hostname ?? addressLabel(address)}.${domain}`
      const services = ports
        .filter(({ name }) => name !== '')
        .map(({ name, protocol, port }): DnsRecord => {
          return { type: 'SRV', name: portDomain(name, protocol, domain), target, port }
        })
      const reverse: DnsRecord[] = hostname === undefined ? [] : [{ type: 'PTR', address, target }]
      return [addressRecord(domain, address), addressRecord(target, address), ...services, ...reverse]
    })
}

function addressRecord(name: string, address: string): DnsRecord {
  return { type: address.includes(':') ? 'AAAA' : 'A', name, address }
}

import { addressLabel, portDomain, serviceDomain } from './dns-names.ts'
import type { EndpointRow, ServicePortRow, ServiceRow } from './table.ts'

/** Names have no closing dot; the server adds time to live, priority and weight. */
export type DnsRecord =
  | { readonly type: 'A' | 'AAAA'; readonly name: string; readonly address: string }
  | { readonly type: 'CNAME'; readonly name: string; readonly target: string }
  | { readonly type: 'SRV'; readonly name: string; readonly target: string; readonly port: number }
  | { readonly type: 'PTR'; readonly address: string; readonly target: string }

/** A Service as far as names tell of it. */
export type NamedService = Pick<
  ServiceRow,
  'name' | 'namespace' | 'type' | 'clusterIP' | 'externalName' | 'addresses'
> & { readonly ports: readonly Pick<ServicePortRow, 'name' | 'protocol' | 'port'>[] }

/**
 * What the zone answers for a Service: its address; of a headless one those of its ready endpoints, each under a name of its own too; of an
 * ExternalName an alias. Nothing while it has no address.
 */
export function recordsOf(service: NamedService, zone: string): readonly DnsRecord[] {
  const { type, clusterIP, externalName } = service
  const domain = serviceDomain(service.name, service.namespace, zone)
  if (type === 'ExternalName') {
    const target = externalName.replace(/\.$/, '')
    return target === '' ? [] : [{ type: 'CNAME', name: domain, target }]
  }
  if (clusterIP === 'None') return headless(domain, service.addresses)
  return clusterIP === '' ? [] : withAddress(domain, service.ports, clusterIP)
}

function withAddress(domain: string, ports: NamedService['ports'], address: string): readonly DnsRecord[] {
  const services = ports
    .filter(({ name }) => name !== '')
    .map(({ name, protocol, port }): DnsRecord => {
      return { type: 'SRV', name: portDomain(name, protocol, domain), target: domain, port }
    })
  return [addressRecord(domain, address), ...services, { type: 'PTR', address, target: domain }]
}

function headless(domain: string, addresses: readonly EndpointRow[]): readonly DnsRecord[] {
  return addresses.flatMap(({ address, hostname, ports }): DnsRecord[] => {
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

// Names in the cluster's zone, as the DNS specification of Kubernetes has them; without a closing dot.

/** The fully qualified name of a Service. */
export function serviceDomain(name: string, namespace: string, zone: string): string {
  return `${name}.${namespace}.svc.${zone}`
}

/** The name of a pod that has a host name and belongs to a headless Service. */
export function podDomain(hostname: string, subdomain: string, namespace: string, zone: string): string {
  return `${hostname}.${serviceDomain(subdomain, namespace, zone)}`
}

/** `10-244-0-3.shop.pod.cluster.local`: outdated, still part of the specification. */
export function podAddressDomain(address: string, namespace: string, zone: string): string {
  return `${addressLabel(address)}.${namespace}.pod.${zone}`
}

/** The name to ask for the address and number of a named port. */
export function portDomain(port: string, protocol: string, domain: string): string {
  return `_${port}._${protocol.toLowerCase()}.${domain}`
}

/** An address as a DNS label; that of a pod without a host name. */
export function addressLabel(address: string): string {
  return address.replaceAll(/[.:]/g, '-')
}

/** What pods of the namespace try after a name that is not complete (dnsPolicy ClusterFirst), in this order. */
export function searchDomains(namespace: string, zone: string): readonly string[] {
  return [`${namespace}.svc.${zone}`, `svc.${zone}`, zone]
}

/** Names that lead to the domain from pods of the namespace, shortest first. */
export function shortNames(domain: string, namespace: string, zone: string): readonly string[] {
  return searchDomains(namespace, zone)
    .filter((search) => domain.endsWith(`.${search}`))
    .map((search) => domain.slice(0, -search.length - 1))
}

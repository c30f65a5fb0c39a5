import type { ServiceSpec } from '../../src/manifests/types.ts'
import { podAddressDomain, shortNames } from '../../src/runtime/network/dns-names.ts'
import { selectsPod } from '../../src/runtime/network/endpoints.ts'
import { type AddressedService, serviceEnv } from '../../src/runtime/network/service-env.ts'
import { type NamedService, recordsOf } from '../../src/runtime/network/service-records.ts'
import { affinitySeconds, sticks } from '../../src/runtime/network/session-affinity.ts'
import { service as manifest, object, problems } from '../manifests/manifest.ts'

interface AffinityInput {
  readonly sessionAffinity: ServiceSpec['sessionAffinity']
  readonly timeoutSeconds: number
  readonly requests: readonly { readonly clientIP: string; readonly at: number }[]
}

type DnsInput = { readonly namespace: string; readonly clusterDomain: string } & (
  | { readonly kind: 'Service'; readonly name: string }
  | { readonly kind: 'PodHostname'; readonly hostname: string; readonly subdomain: string }
  | { readonly kind: 'PodIP'; readonly ip: string }
  | { readonly kind: 'SRV'; readonly name: string; readonly port: string; readonly protocol: string }
)

export const service = {
  defaults: ({ spec }: { spec: object }) => ({ spec: object('Service', manifest(spec)).spec }),
  validate: ({ spec }: { spec: object }) => ({ valid: problems(JSON.stringify(manifest(spec))).length === 0 }),
  affinity({ sessionAffinity, timeoutSeconds, requests }: AffinityInput) {
    const seconds = affinitySeconds({ sessionAffinity, sessionAffinityConfig: { clientIP: { timeoutSeconds } } })
    const mustStick = requests.map(({ clientIP, at }, index) => {
      const before = requests.slice(0, index).findLast((request) => request.clientIP === clientIP)
      return sticks(seconds, before && at - before.at)
    })
    return { mustStick }
  },
  dns(input: DnsInput) {
    const { namespace, clusterDomain: zone } = input
    switch (input.kind) {
      case 'Service': {
        const fqdn = nameOf('A', { ...named(input.name, namespace), clusterIP: '10.0.0.1' }, zone)
        return {
          fqdn,
          shortFromSameNamespace: shortNames(fqdn, namespace, zone),
          shortFromOtherNamespace: shortNames(fqdn, `not-${namespace}`, zone),
        }
      }
      case 'PodHostname':
        return { fqdn: nameOf('PTR', withPod(input.subdomain, namespace, input.hostname), zone) }
      case 'PodIP':
        return { fqdn: podAddressDomain(input.ip, namespace, zone) }
      case 'SRV':
        return { fqdn: nameOf('SRV', withPort(input.name, namespace, input.port, input.protocol), zone) }
    }
  },
  selects: ({
    selector,
    podLabels,
  }: {
    selector: Record<string, string> | null
    podLabels: Record<string, string>
  }) => ({
    selected: selectsPod(selector ?? undefined, podLabels),
  }),
  envVars: (input: { service: AddressedService }) => ({ env: serviceEnv(input.service) }),
}

function named(name: string, namespace: string): NamedService {
  return { name, namespace, type: 'ClusterIP', clusterIP: '', externalName: '', addresses: [], ports: [] }
}

function withPod(name: string, namespace: string, hostname: string): NamedService {
  return { ...named(name, namespace), clusterIP: 'None', addresses: [{ address: '10.0.0.2', hostname, ports: [] }] }
}

function withPort(name: string, namespace: string, port: string, protocol: string): NamedService {
  const ports = [{ name: port, protocol, port: 80 }]
  return { ...named(name, namespace), clusterIP: 'None', addresses: [{ address: '10.0.0.2', hostname: 'x', ports }] }
}

/** The name of its record of that type; of a reverse record the name that it leads to. */
function nameOf(type: 'A' | 'SRV' | 'PTR', service: NamedService, zone: string): string {
  const record = recordsOf(service, zone).find((one) => one.type === type)
  return (record?.type === 'PTR' ? record.target : record?.name) ?? ''
}

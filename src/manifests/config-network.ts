import { found } from './found.ts'
import { ipv4Range, isNetwork, overlaps } from './ipv4.ts'
import { dnsNameFault, imageFault } from './names.ts'
import { type Review, reportFault } from './review.ts'
import type { EngineNetwork } from './types.ts'

export interface NetworkConfig {
  readonly podCIDR: string
  readonly serviceCIDR: string
  /** 0: that of the host's way out, less the headers of a tunnel. */
  readonly mtu: number
  /** Undefined: the usual one. */
  readonly mode: 'services' | 'names' | undefined
  readonly nodeImage: string
  readonly ingress: IngressConfig
  /** Undefined: no certificates are asked for. */
  readonly acme: AcmeConfig | undefined
}

export interface IngressConfig {
  /** 0: none. */
  readonly httpPort: number
  readonly httpsPort: number
  /** Clients say in the PROXY protocol who they are. */
  readonly proxyProtocol: boolean
  /** Of the Ingresses that are served; undefined: any. */
  readonly className: string | undefined
}

export interface AcmeConfig {
  /** Address of the directory; undefined: the usual one. */
  readonly server: string | undefined
  readonly email: string | undefined
  /** Of certificates that the server is trusted by; undefined: those of the system. */
  readonly caFile: string | undefined
}

const widest = 12
const narrowest = 24
/** Every IPv4 host must take packets of this size. */
const leastMtu = 576

export function networkConfig(network: EngineNetwork, review: Review): NetworkConfig {
  const { podCIDR, serviceCIDR, mtu, mode, nodeImage, ingress, acme } = network
  const at = ['spec', 'network']
  if (!isNetwork(podCIDR) || !hasPrefix(podCIDR, 8, 28)) {
    review.problem([...at, 'podCIDR'], `expected a network like "10.244.0.0/14", found ${found(podCIDR)}`)
  }
  reviewServiceRange(network, review)
  if (mtu > 0 && mtu < leastMtu) {
    review.problem([...at, 'mtu'], `expected 0, for that of the host, or at least ${leastMtu}, found ${found(mtu)}`)
  }
  reportFault(review, [...at, 'nodeImage'], imageFault(nodeImage), found(nodeImage))
  const { httpPort, httpsPort, proxyProtocol, className } = ingress
  if (httpPort === httpsPort && httpPort !== 0) {
    review.problem([...at, 'ingress', 'httpsPort'], `expected another port than httpPort, found ${found(httpsPort)}`)
  }
  if (className !== undefined) {
    reportFault(review, [...at, 'ingress', 'className'], dnsNameFault(className), found(className))
  }
  return {
    ...{ podCIDR, serviceCIDR, mtu, mode, nodeImage },
    ingress: { httpPort, httpsPort, proxyProtocol, className },
    acme: acme && acmeConfig(acme, review),
  }
}

function reviewServiceRange({ podCIDR, serviceCIDR }: EngineNetwork, review: Review): void {
  const at = ['spec', 'network', 'serviceCIDR']
  if (!isNetwork(serviceCIDR) || !hasPrefix(serviceCIDR, widest, narrowest)) {
    const wanted = `a network like "10.96.0.0/16", from /${widest} to /${narrowest}`
    review.problem(at, `expected ${wanted}, found ${found(serviceCIDR)}`)
    return
  }
  const [pods, services] = [ipv4Range(podCIDR), ipv4Range(serviceCIDR)]
  if (pods && services && overlaps(pods, services)) {
    review.problem(at, `expected no address of podCIDR, which is ${podCIDR}, found ${found(serviceCIDR)}`)
  }
}

function hasPrefix(network: string, from: number, to: number): boolean {
  const prefix = ipv4Range(network)?.prefix ?? -1
  return prefix >= from && prefix <= to
}

function acmeConfig(acme: NonNullable<EngineNetwork['acme']>, review: Review): AcmeConfig {
  const { server, email, agreeToTerms, caFile } = acme
  const at = ['spec', 'network', 'acme']
  if (!agreeToTerms) {
    const message = 'expected true, as certificates are given to those who agree to the terms of the server'
    review.problem([...at, 'agreeToTerms'], `${message}, found ${found(agreeToTerms)}`)
  }
  if (server !== undefined && !/^https?:\/\/[^\s/]+/.test(server)) {
    const message = `expected an address like "https://acme.example.com/directory", found ${found(server)}`
    review.problem([...at, 'server'], message)
  }
  if (email !== undefined && !/^[^\s@]+@[^\s@]+$/.test(email)) {
    review.problem([...at, 'email'], `expected an address like "admin@example.com", found ${found(email)}`)
  }
  if (caFile !== undefined && !caFile.startsWith('/')) {
    review.problem([...at, 'caFile'], `expected an absolute path, found ${found(caFile)}`)
  }
  return { server, email, caFile }
}

/** Of an Engine that says nothing of its network: the defaults of the schema. */
export const defaultNetwork: NetworkConfig = {
  podCIDR: '10.244.0.0/14',
  serviceCIDR: '10.96.0.0/16',
  mtu: 0,
  mode: undefined,
  nodeImage: 'berth-node:1',
  ingress: { httpPort: 80, httpsPort: 443, proxyProtocol: false, className: undefined },
  acme: undefined,
}

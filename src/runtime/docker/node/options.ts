import { RuntimeError } from '../../errors.ts'
import { addressText, parseRange, rangeText } from '../addresses.ts'
import type { HostInfo } from '../host-api.ts'
import type { NodeSettings } from './contract.ts'

/** How the network of an installation is to be; absent: the default. */
export interface NetworkOptions {
  readonly podCIDR: string
  readonly mtu: number
  /** Default `10.96.0.0/16`. */
  readonly serviceCIDR?: string
  /** `names`, the default: Docker's own names for Services, no node container. */
  readonly mode?: 'services' | 'names'
  /** Default `berth-node:1`. */
  readonly nodeImage?: string
  /** Default `cluster.local`. */
  readonly zone?: string
  readonly ingress?: {
    /** Default 80; 0: none. */
    readonly httpPort?: number
    /** Default 443; 0: none. */
    readonly httpsPort?: number
    /** Clients speak the PROXY protocol. */
    readonly proxyProtocol?: boolean
  }
}

const defaultNodeImage = 'berth-node:1'
const defaultServiceCIDR = '10.96.0.0/16'
const dnsIndex = 10

/** What makes node containers of the installation; undefined: it has none. */
export interface NodeOptions {
  readonly image: string
  readonly settings: Omit<NodeSettings, 'host'>
}

/** Throws a RuntimeError for ranges that cannot be. */
export function nodeOptions(engine: string, network: NetworkOptions): NodeOptions | undefined {
  if (network.mode !== 'services') return undefined
  const text = network.serviceCIDR ?? defaultServiceCIDR
  const range = parseRange(text)
  if (range === undefined || range.prefix > 28) {
    const message = `network.serviceCIDR ${text}: expected an IPv4 range of at least /28, as ${defaultServiceCIDR}`
    throw new RuntimeError('REFUSED', text, message)
  }
  return {
    image: network.nodeImage ?? defaultNodeImage,
    settings: {
      engine,
      podCIDR: network.podCIDR,
      serviceCIDR: rangeText(range),
      zone: network.zone ?? 'cluster.local',
      dnsAddress: addressText(range.base + dnsIndex),
      ingressHttpPort: network.ingress?.httpPort ?? 80,
      ingressHttpsPort: network.ingress?.httpsPort ?? 443,
      proxyProtocol: network.ingress?.proxyProtocol ?? false,
    },
  }
}

/** Why a host cannot have a node container; empty: it can. */
export function whyNoNode({ system, rootless }: Pick<HostInfo, 'system' | 'rootless'>): string {
  const instead = 'Services are names of Docker only: no cluster addresses, no Ingress, no isolation'
  if (system.includes('Docker Desktop'))
    return `containers of Docker Desktop have no way to its host's network; ${instead}`
  if (rootless) return `a rootless engine has no part in the host's network; ${instead}`
  return ''
}

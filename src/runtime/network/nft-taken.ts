// Which ports of the host the kernel must not lead to pods, because a program of the host listens there.
import { ipv4Number, ipv4Range, isIn } from '../../manifests/ipv4.ts'
import type { Bind } from './haproxy-part.ts'
import type { KernelPort } from './nft-services.ts'

/** What is known of the host. */
export interface HostListeners {
  readonly tcp: readonly Bind[]
  readonly udp: readonly Bind[]
  /** Its own, without those of Services. */
  readonly addresses: readonly string[]
}

/** A port of the host's own addresses, or of an external one. */
export interface HostPlace {
  /** As in the maps of the packet rules: `udp . 53`, `198.51.100.7 . udp . 53`. */
  readonly key: string
  readonly protocol: KernelPort['protocol']
  readonly port: number
  /** `*`: all of the host. */
  readonly address: string
}

/** Where packets would be taken away from programs of the host. */
export function hostPlaces(ports: readonly KernelPort[]): readonly HostPlace[] {
  return ports.flatMap(({ protocol, port, nodePort, balanced, externalIPs }) => {
    const everywhere = (number: number) => ({ key: `${protocol} . ${number}`, protocol, port: number, address: '*' })
    return [
      ...(nodePort > 0 ? [everywhere(nodePort)] : []),
      ...(balanced ? [everywhere(port)] : []),
      ...externalIPs.map((address) => ({ key: `${address} . ${protocol} . ${port}`, protocol, port, address })),
    ]
  })
}

/**
 * Keys of places where somebody else listens. Who listens on the loopback interface alone, or at addresses of Services, loses nothing.
 * `served`: keys that were led to pods before; a program that came later is none of ours to heed, and a socket that a client got by chance
 * takes no port away from a Service that runs.
 */
export function takenPlaces(
  places: readonly HostPlace[],
  listeners: HostListeners,
  served: ReadonlySet<string>,
  serviceCIDR: string,
): ReadonlySet<string> {
  const services = ipv4Range(serviceCIDR)
  const isOfHost = ({ address }: Bind) => {
    const number = ipv4Number(address)
    return !address.startsWith('127.') && !(services && number !== undefined && isIn(services, number))
  }
  const own = new Set(listeners.addresses)
  const isTaken = ({ protocol, port, address }: HostPlace) => {
    if (protocol === 'sctp') return false
    return listeners[protocol].filter(isOfHost).some((other) => {
      if (other.port !== port) return false
      return address === '*' || other.address === address || (other.address === '*' && own.has(address))
    })
  }
  return new Set(places.filter((place) => !served.has(place.key) && isTaken(place)).map(({ key }) => key))
}

/** Keys in what `nft list map` says of maps of places. */
export function readPlaces(text: string): ReadonlySet<string> {
  return new Set([...text.matchAll(/(?:[\d.]+ \. )?(?:tcp|udp|sctp) \. \d+(?= : )/g)].map(([key]) => key))
}

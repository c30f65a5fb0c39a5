import type { Ingress } from '../../manifests/types.ts'
import { classOf } from './ingress-class.ts'

/** What the report is to know besides the Ingress itself. */
export interface IngressCircumstances {
  /** False: it is of a class that somebody else serves. */
  readonly isOurs: boolean
  /** Of the hosts: what serves Services there. */
  readonly mode: 'services' | 'starting' | 'names'
  /** Why it is not served as it is wanted. */
  readonly problems: readonly string[]
  /** What is to be known although it is served; empty: nothing. */
  readonly note: string
  /** Of the hosts themselves. */
  readonly hostAddresses: readonly string[]
  /** 0: none. */
  readonly httpPort: number
  readonly httpsPort: number
  /** Hosts of its rules that have TLS. */
  isSecured(host: string): boolean
}

export interface IngressStatus {
  readonly kind: 'Ingress'
  readonly namespace: string
  readonly name: string
  readonly sync: 'Synced' | 'OutOfSync'
  readonly health: 'Healthy' | 'Progressing' | 'Degraded'
  readonly ready: string
  /** Where it is reached, or why it is not. */
  readonly message: string
  readonly failed: boolean
}

// What is so for all of an installation is told as a warning of the hosts.
const noHosts = "not served: the hosts have no more than Docker's own names"

export function ingressStatus(ingress: Ingress, circumstances: IngressCircumstances): IngressStatus {
  const { metadata } = ingress
  const common = { kind: 'Ingress' as const, namespace: metadata.namespace ?? '', name: metadata.name, ready: '' }
  const healthy = { ...common, sync: 'Synced' as const, health: 'Healthy' as const, failed: false }
  const degraded = { ...common, sync: 'OutOfSync' as const, health: 'Degraded' as const, failed: false }
  if (!circumstances.isOurs) return { ...healthy, message: `not served here: class ${classOf(ingress)}` }
  if (circumstances.mode === 'names') return { ...healthy, message: noHosts }
  if (circumstances.problems.length > 0) return { ...degraded, message: [...circumstances.problems].sort().join('; ') }
  if (circumstances.mode === 'starting') return { ...healthy, health: 'Progressing', message: 'waits for the network' }
  const notes = circumstances.note === '' ? [] : [circumstances.note]
  return { ...healthy, message: [addressesOf(ingress, circumstances).join(', '), ...notes].join('; ') }
}

/** `http://shop.example.com`; what is for any host is reached at the addresses of the hosts. */
export function addressesOf(
  { spec }: Ingress,
  {
    hostAddresses,
    httpPort,
    httpsPort,
    isSecured,
  }: Omit<IngressCircumstances, 'isOurs' | 'mode' | 'problems' | 'note'>,
): readonly string[] {
  const hosts = (spec.rules ?? []).map(({ host = '' }) => host.toLowerCase())
  const all = new Set([...hosts, ...(spec.defaultBackend ? [''] : [])])
  return [...all].flatMap((host) => {
    const isTls = httpsPort !== 0 && (isSecured(host) || httpPort === 0)
    const [scheme, port, usual] = isTls ? ['https', httpsPort, 443] : ['http', httpPort, 80]
    if (port === 0) return []
    const names = host === '' ? hostAddresses : [host]
    return names.map((name) => `${scheme}://${name}${port === usual ? '' : `:${port}`}`)
  })
}

import { type Key, keyOf } from '../../base/key.ts'
import type { Ingress } from '../../manifests/types.ts'
import type { NetworkProblem } from './table.ts'

/** A certificate that an Ingress asks to be obtained by ACME: one per entry of its `tls`. */
export interface WantedCertificate {
  readonly ingress: Key
  /** Lower case, sorted, each once; no wildcards. */
  readonly hosts: readonly string[]
}

export interface CertificateWishes {
  readonly wanted: readonly WantedCertificate[]
  readonly problems: readonly NetworkProblem[]
}

const switches = ['berth.dev/acme', 'kubernetes.io/tls-acme']
const issuers = ['cert-manager.io/cluster-issuer', 'cert-manager.io/issuer']

/** What is to be obtained for an Ingress. `hasSecret`: whether Git has the Secret of that name in its namespace; such an entry asks for nothing. */
export function certificateWishes(ingress: Ingress, hasSecret: (name: string) => boolean): CertificateWishes {
  const { metadata, spec } = ingress
  if (!asksForCertificates(metadata.annotations ?? {})) return { wanted: [], problems: [] }
  const key = keyOf({ namespace: metadata.namespace ?? '', kind: 'Ingress', name: metadata.name })
  const entries = (spec.tls ?? [])
    .filter(({ secretName }) => secretName === undefined || !hasSecret(secretName))
    .map(({ hosts = [] }) => [...new Set(hosts.map((host) => host.toLowerCase()))].sort())
  const problems = entries.flatMap((hosts) => entryProblems(hosts).map((message) => ({ key, message })))
  const wanted = entries
    .map((hosts) => ({ ingress: key, hosts: hosts.filter((host) => !isWildcard(host)) }))
    .filter(({ hosts }) => hosts.length > 0)
  return { wanted, problems }
}

function asksForCertificates(annotations: Readonly<Record<string, string>>): boolean {
  return (
    switches.some((name) => annotations[name] === 'true') ||
    issuers.some((name) => (annotations[name] ?? '').trim() !== '')
  )
}

function entryProblems(hosts: readonly string[]): string[] {
  if (hosts.length === 0) return ['no certificate is obtained for an entry of spec.tls that names no hosts']
  return hosts
    .filter(isWildcard)
    .map((host) => `no certificate is obtained for ${host}: HTTP-01 cannot prove wildcards; put a Secret into Git`)
}

function isWildcard(host: string): boolean {
  return host.startsWith('*')
}

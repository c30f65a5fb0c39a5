import type { ManifestObject, NetworkPolicy, ResourceQuota } from '../manifests/types.ts'
import { widestEgress } from './policies.ts'
import type { PreviewRules } from './rules.ts'

const name = 'berth-preview'

type ForcedRules = Pick<PreviewRules, 'untrusted' | 'namespace' | 'clusterRanges' | 'quota'>

/** What every preview has, whatever its pull request says: limits, and no way to other namespaces. */
export function forcedObjects(rules: ForcedRules): readonly ManifestObject[] {
  const metadata = { name, namespace: rules.namespace }
  const limit: ResourceQuota = { apiVersion: 'v1', kind: 'ResourceQuota', metadata, spec: { hard: { ...rules.quota } } }
  const closed: NetworkPolicy = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata,
    spec: { podSelector: {}, policyTypes: ['Egress'], egress: [{ to: widestEgress(rules) }] },
  }
  return [limit, closed]
}

/** Sorted: those with such a policy. */
export function guestNamespaces(policies: readonly NetworkPolicy[]): readonly string[] {
  return [...new Set(policies.filter(isForced).map(({ metadata }) => metadata.namespace ?? ''))].sort()
}

/** Sorted: those whose pods may reach nobody but each other, and so nothing of their host either. */
export function closedNamespaces(policies: readonly NetworkPolicy[]): readonly string[] {
  const closed = policies.filter(
    (policy) => isForced(policy) && !policy.spec.egress?.some(({ to }) => to?.some(({ ipBlock }) => ipBlock)),
  )
  return [...new Set(closed.map(({ metadata }) => metadata.namespace ?? ''))].sort()
}

export function isForced({ kind, metadata }: ManifestObject): boolean {
  return metadata.name === name && (kind === 'ResourceQuota' || kind === 'NetworkPolicy')
}

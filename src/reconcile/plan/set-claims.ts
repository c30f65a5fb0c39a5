import type { ClaimTemplate, PersistentVolumeClaim, StatefulSet } from '../../manifests/types.ts'
import { claimName, ordinalName, ordinalOf } from './stateful-set-identity.ts'

/**
 * Full names of the claims that a set's pods have of one of its templates: of the ordinals that are wanted, then of those that are not, or
 * not now, but have data. `existing`: claims with data in the set's namespace.
 */
export function claimNamesOf(
  { metadata, spec }: StatefulSet,
  template: ClaimTemplate,
  replicas: number,
  existing: Iterable<string>,
): readonly string[] {
  const start = spec.ordinals?.start ?? 0
  const wanted = Array.from({ length: replicas }, (_, index) =>
    claimName(template.metadata.name, ordinalName(metadata.name, start + index)),
  )
  const prefix = claimName(template.metadata.name, '')
  const others = [...existing].filter(
    (name) => name.startsWith(prefix) && ordinalOf(metadata.name, name.slice(prefix.length)) !== undefined,
  )
  return [...new Set([...wanted, ...others.sort()])]
}

/** The claim that Kubernetes would make of a set's template. */
export function claimFrom({ metadata, spec }: ClaimTemplate, namespace: string, name: string): PersistentVolumeClaim {
  return { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { ...metadata, name, namespace }, spec }
}

/** What a volume remembers of its StatefulSet, for the time when that is gone from Git. */
export function factsOf({ metadata, spec }: StatefulSet): Readonly<Record<string, string>> {
  const { whenDeleted = 'Retain', whenScaled = 'Retain' } = spec.persistentVolumeClaimRetentionPolicy ?? {}
  return { statefulSet: metadata.name, whenDeleted, whenScaled }
}

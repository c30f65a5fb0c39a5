import { type Key, keyOf } from '../../base/key.ts'
import type { Container, ManifestObject, PodSpec, PodTemplateSpec, Volume } from '../../manifests/types.ts'
import { jobPodTemplate } from './job-template.ts'

/** The pod template of any kind that has pods; undefined for the other kinds. */
export function podTemplateOf(object: ManifestObject): PodTemplateSpec | undefined {
  switch (object.kind) {
    case 'Pod':
      return { metadata: object.metadata, spec: object.spec }
    case 'ReplicaSet':
    case 'ReplicationController':
    case 'Deployment':
    case 'StatefulSet':
    case 'DaemonSet':
      return object.spec.template
    case 'Job':
      return jobPodTemplate(object.spec)
    case 'CronJob':
      return jobPodTemplate(object.spec.jobTemplate.spec)
    default:
      return undefined
  }
}

export function podSpecOf(object: ManifestObject): PodSpec | undefined {
  return podTemplateOf(object)?.spec
}

interface Reference {
  readonly kind: 'ConfigMap' | 'Secret' | 'PersistentVolumeClaim'
  readonly name: string | undefined
}

/** The ConfigMaps, Secrets and claims that an object's pods read, optional ones included: it is looked at anew when one of them changes. */
export function readsOf(object: ManifestObject): Key[] {
  const spec = podSpecOf(object)
  if (!spec) return []
  const references = [
    ...[...(spec.initContainers ?? []), ...spec.containers].flatMap(containerReads),
    ...(spec.volumes ?? []).flatMap(volumeReads),
    ...(spec.imagePullSecrets ?? []).map(({ name }): Reference => ({ kind: 'Secret', name })),
  ]
  const namespace = object.metadata.namespace ?? ''
  const keys = references.flatMap(({ kind, name }) => (name ? [keyOf({ namespace, kind, name })] : []))
  return [...new Set(keys)]
}

function containerReads({ env = [], envFrom = [] }: Container): Reference[] {
  return [
    ...envFrom.flatMap(({ configMapRef, secretRef }) => pair(configMapRef?.name, secretRef?.name)),
    ...env.flatMap(({ valueFrom }) => pair(valueFrom?.configMapKeyRef?.name, valueFrom?.secretKeyRef?.name)),
  ]
}

function volumeReads({ configMap, secret, projected, persistentVolumeClaim }: Volume): Reference[] {
  return [
    ...pair(configMap?.name, secret?.secretName),
    ...(projected?.sources ?? []).flatMap((source) => pair(source.configMap?.name, source.secret?.name)),
    { kind: 'PersistentVolumeClaim', name: persistentVolumeClaim?.claimName },
  ]
}

function pair(configMap: string | undefined, secret: string | undefined): Reference[] {
  return [
    { kind: 'ConfigMap', name: configMap },
    { kind: 'Secret', name: secret },
  ]
}

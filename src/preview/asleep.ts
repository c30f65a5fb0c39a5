import type { Key } from '../base/key.ts'
import type { Located, ManifestSet } from '../manifests/check.ts'
import type { ManifestObject } from '../manifests/types.ts'

/** The same objects while nobody uses them: without pods, but with their data, addresses and settings. */
export function asleep(objects: ManifestSet): ManifestSet {
  const sleeping = new Map<Key, Located>()
  for (const [key, located] of objects) {
    const object = sleepingObject(located.object)
    if (object) sleeping.set(key, { ...located, object })
  }
  return sleeping
}

/** Undefined: it has no way to be there without pods. */
function sleepingObject(object: ManifestObject): ManifestObject | undefined {
  switch (object.kind) {
    case 'Deployment':
      return { ...object, spec: { ...object.spec, replicas: 0 } }
    case 'StatefulSet':
      return { ...object, spec: { ...object.spec, replicas: 0 } }
    case 'ReplicaSet':
      return { ...object, spec: { ...object.spec, replicas: 0 } }
    case 'ReplicationController':
      return { ...object, spec: { ...object.spec, replicas: 0 } }
    case 'CronJob':
      return { ...object, spec: { ...object.spec, suspend: true } }
    // One that has ended stays ended.
    case 'Job':
      return { ...object, spec: { ...object.spec, suspend: true } }
    case 'Pod':
    case 'DaemonSet':
    // It would have nothing to scale.
    case 'HorizontalPodAutoscaler':
      return undefined
    default:
      return object
  }
}

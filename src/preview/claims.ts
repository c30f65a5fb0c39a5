import type { PersistentVolume, PersistentVolumeClaimSpec, StorageClass } from '../manifests/types.ts'
import type { OwnStorage, PreviewRules, Remarks } from './rules.ts'

/** A class that is in no repository is a volume of Docker's own, and no PersistentVolume bears this one. */
const ownClass = 'berth-preview'

/** Volumes are given anew: those that are named, chosen by labels, or that a class shares between namespaces are production's. */
export function isolatedClaim(
  spec: PersistentVolumeClaimSpec,
  path: string,
  { storage }: Pick<PreviewRules, 'storage'>,
  remarks: Remarks,
): PersistentVolumeClaimSpec {
  const { volumeName, selector, dataSource, dataSourceRef, ...isolated } = spec
  for (const [member, value] of Object.entries({ volumeName, selector, dataSource, dataSourceRef })) {
    if (value !== undefined) remarks.leaveOut(`${path}.${member}`, 'a preview is given volumes of its own')
  }
  const { storageClassName } = spec
  if (storage === undefined && storageClassName !== '') return isolated
  const wanted = storageClassName ?? storage?.usual ?? ''
  if (storage?.classes.has(wanted)) return { ...isolated, storageClassName: wanted }
  const reason = `"${wanted}" may lead to data of others: a preview is given local volumes of its own`
  remarks.leaveOut(`${path}.storageClassName`, reason)
  return { ...isolated, storageClassName: ownClass }
}

/** Which classes previews may use. `usual`: the name of the default class. */
export function ownStorage(
  classes: readonly StorageClass[],
  volumes: readonly PersistentVolume[],
  usual: string,
): OwnStorage | undefined {
  if (classes.length === 0 && volumes.length === 0) return undefined
  // A claim could be bound to one of these.
  const bound = new Set(volumes.map(({ spec }) => spec.storageClassName ?? ''))
  const own = classes.filter((one) => !bound.has(one.metadata.name) && isOwn(one)).map(({ metadata }) => metadata.name)
  return { classes: new Set(own), usual }
}

/** Provisioners of others are Docker's own volumes here. A place that is written down is shared, unless the namespace is part of it. */
function isOwn({ provisioner, parameters = {} }: StorageClass): boolean {
  if (provisioner === 'kubernetes.io/no-provisioner') return false
  if (!provisioner.startsWith('berth.dev/') || parameters.type === 'tmpfs') return true
  const { driver: _, ...options } = parameters
  const places = Object.entries(options).filter(([name, value]) => name === 'device' || /[/:]/.test(value))
  return places.length === 0 || places.some(([, value]) => value.includes('$(claim.namespace)'))
}

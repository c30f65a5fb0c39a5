import { type Key, keyOf } from '../../base/key.ts'
import { toBytes } from '../../manifests/quantity.ts'
import { matchesSelector } from '../../manifests/selector.ts'
import type { PersistentVolume, PersistentVolumeClaim } from '../../manifests/types.ts'

/** A claim, and what its Docker volume remembers. */
export interface ClaimToBind {
  readonly claim: PersistentVolumeClaim
  /** The static volume that it was bound to before; empty: its data is in the Docker volume; undefined: it has no data yet. */
  readonly boundTo: string | undefined
  /** The claim's class, the default one filled in; empty: none. */
  readonly className: string
}

/**
 * Which static volume each claim gets, as Kubernetes' volume binder decides: what has data stays where it is, then claims that name a
 * volume, then volumes that name a claim, then the smallest volume that fits. One volume, one claim. The same input gives the same answer.
 */
export function bindClaims(
  claims: readonly ClaimToBind[],
  volumes: readonly PersistentVolume[],
): ReadonlyMap<Key, PersistentVolume> {
  const free = new Map([...volumes].sort(bySize).map((volume) => [volume.metadata.name, volume]))
  const bound = new Map<Key, PersistentVolume>()
  const left = new Map([...claims].sort(byKey).map((entry) => [claimKey(entry.claim), entry]))
  const bind = (
    choose: (entry: ClaimToBind, candidates: readonly PersistentVolume[]) => PersistentVolume | undefined,
  ) => {
    for (const [key, entry] of [...left]) {
      const volume = choose(entry, [...free.values()])
      if (!volume) continue
      free.delete(volume.metadata.name)
      left.delete(key)
      bound.set(key, volume)
    }
  }
  bind(({ boundTo }, all) => all.find(({ metadata }) => metadata.name === boundTo))
  for (const [key, { boundTo }] of [...left]) if (boundTo !== undefined) left.delete(key)
  bind((entry, all) =>
    all.find((volume) => entry.claim.spec.volumeName === volume.metadata.name && fits(entry, volume)),
  )
  bind((entry, all) => all.find((volume) => namesClaim(volume, entry.claim) && fits(entry, volume)))
  const smallest = (entry: ClaimToBind, all: readonly PersistentVolume[]) =>
    entry.claim.spec.volumeName ? undefined : all.find((volume) => !volume.spec.claimRef && fits(entry, volume))
  // A volume without a class is first for those that ask for no class in so many words.
  bind((entry, all) => (entry.claim.spec.storageClassName === undefined ? undefined : smallest(entry, all)))
  bind(smallest)
  return bound
}

export function claimKey({ metadata }: PersistentVolumeClaim): Key {
  return keyOf({ namespace: metadata.namespace ?? '', kind: 'PersistentVolumeClaim', name: metadata.name })
}

function namesClaim({ spec }: PersistentVolume, { metadata }: PersistentVolumeClaim): boolean {
  return spec.claimRef?.name === metadata.name && (spec.claimRef.namespace ?? '') === (metadata.namespace ?? '')
}

/** A volume without a class serves claims that ask for none, also where a default class exists: somebody wrote it for them. */
function fits({ claim, className }: ClaimToBind, { metadata, spec }: PersistentVolume): boolean {
  const wanted = claim.spec
  const ownClass = spec.storageClassName ?? ''
  const sameClass = ownClass === className || (ownClass === '' && wanted.storageClassName === undefined)
  const modes = new Set(spec.accessModes)
  return (
    sameClass &&
    wanted.volumeMode === spec.volumeMode &&
    (wanted.accessModes ?? []).every((mode) => modes.has(mode)) &&
    toBytes(spec.capacity?.storage) >= toBytes(wanted.resources?.requests?.storage) &&
    (spec.claimRef === undefined || namesClaim({ metadata, spec } as PersistentVolume, claim)) &&
    (wanted.selector === undefined || matchesSelector(wanted.selector, metadata.labels ?? {}) === true)
  )
}

function bySize(a: PersistentVolume, b: PersistentVolume): number {
  const size = (volume: PersistentVolume): number => toBytes(volume.spec.capacity?.storage)
  return size(a) - size(b) || (a.metadata.name < b.metadata.name ? -1 : 1)
}

function byKey(a: ClaimToBind, b: ClaimToBind): number {
  return claimKey(a.claim) < claimKey(b.claim) ? -1 : 1
}

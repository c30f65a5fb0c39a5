import { unsupported } from '../fields/rule.ts'
import { unhonoured } from '../fields.ts'
import { found, oneOf } from '../found.ts'
import { dnsNameFault } from '../names.ts'
import type { Path } from '../position.ts'
import { parseQuantity } from '../quantity.ts'
import { type Review, reportFault } from '../review.ts'
import { selectorFault } from '../selector.ts'
import type { ObjectMeta, PersistentVolumeClaimSpec } from '../types.ts'
import { canonicalAmounts, reviewQuantities } from './quantities.ts'
import { reviewRules } from './rules.ts'

const accessModes = ['ReadWriteOnce', 'ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOncePod']

/** Of a claim, a template of claims or a volume. */
export function reviewAccessModes(modes: readonly string[] = [], path: Path, review: Review): void {
  const at = [...path, 'accessModes']
  if (modes.length === 0) review.problem(at, 'expected at least one access mode, found none')
  for (const [index, mode] of modes.entries()) {
    if (!accessModes.includes(mode))
      review.problem([...at, index], `expected ${oneOf(accessModes)}, found ${found(mode)}`)
  }
  if (modes.includes('ReadWriteOncePod') && modes.length > 1) {
    review.problem(at, 'expected nothing beside ReadWriteOncePod, found more')
  }
}

export function reviewVolumeMode(mode: string | undefined, path: Path, review: Review): void {
  if (mode === 'Block')
    review.problem([...path, 'volumeMode'], `${unsupported}: expected Filesystem, found "Block" (string)`)
}

export function reviewClaimSpec(spec: PersistentVolumeClaimSpec, path: Path, review: Review): void {
  reviewRules(unhonoured('PersistentVolumeClaim.spec', spec), path, review)
  reviewAccessModes(spec.accessModes, path, review)
  reviewVolumeMode(spec.volumeMode, path, review)
  const { resources = {}, selector, storageClassName, volumeName } = spec
  const at = [...path, 'resources', 'requests', 'storage']
  const storage = resources.requests?.storage
  if (storage === undefined) review.problem(at, 'expected a quantity like "1Gi", found nothing')
  else if (parseQuantity(String(storage))?.nano === 0n)
    review.problem(at, `expected more than 0, found ${found(storage)}`)
  reviewQuantities(resources.requests, [...path, 'resources', 'requests'], review)
  reviewQuantities(resources.limits, [...path, 'resources', 'limits'], review)
  const fault = selector && selectorFault(selector)
  if (fault) review.problem([...path, 'selector', ...fault.path], fault.message)
  if (storageClassName) {
    reportFault(review, [...path, 'storageClassName'], dnsNameFault(storageClassName), found(storageClassName))
  }
  if (volumeName) reportFault(review, [...path, 'volumeName'], dnsNameFault(volumeName), found(volumeName))
}

/** How a class was asked for before there was a field for it; it still wins, as in Kubernetes. */
const classAnnotation = 'volume.beta.kubernetes.io/storage-class'

/** The class that a claim or volume names in an annotation, as a member of its spec. */
export function annotatedClass({ annotations = {} }: Pick<ObjectMeta, 'annotations'>): { storageClassName?: string } {
  const storageClassName = annotations[classAnnotation]
  return storageClassName === undefined ? {} : { storageClassName }
}

export function completeClaimSpec(spec: PersistentVolumeClaimSpec): PersistentVolumeClaimSpec {
  const { requests, limits } = spec.resources ?? {}
  const resources = {
    ...(limits ? { limits: canonicalAmounts(limits) } : {}),
    ...(requests ? { requests: canonicalAmounts(requests) } : {}),
  }
  return { ...spec, resources }
}

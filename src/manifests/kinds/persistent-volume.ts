import { fields, unhonoured } from '../fields.ts'
import { found } from '../found.ts'
import { PersistentVolume as validate } from '../generated/validators.js'
import { dnsNameFault } from '../names.ts'
import { parseQuantity } from '../quantity.ts'
import { type Review, reportFault } from '../review.ts'
import type { PersistentVolumeSpec } from '../types.ts'
import { annotatedClass, reviewAccessModes, reviewVolumeMode } from './claim-spec.ts'
import { reviewReference } from './env.ts'
import type { KindRow } from './kind.ts'
import { reviewMetadata } from './metadata.ts'
import { reviewNodeTerms } from './placement.ts'
import { canonicalAmounts, reviewQuantities } from './quantities.ts'
import { reviewRules } from './rules.ts'
import { hostPathFault, reviewNfs } from './volumes.ts'

/** Members that are no source of data. */
const others: ReadonlySet<string> = new Set([
  'accessModes',
  'capacity',
  'claimRef',
  'mountOptions',
  'nodeAffinity',
  'persistentVolumeReclaimPolicy',
  'storageClassName',
  'volumeAttributesClassName',
  'volumeMode',
])

export const persistentVolume: KindRow<'PersistentVolume'> = {
  scope: 'Cluster',
  validate,
  review({ metadata, spec }, review) {
    reviewMetadata(metadata, dnsNameFault, review)
    reviewSources(spec, review)
    const rules = [...unhonoured('PersistentVolume.spec', spec)].filter(([name]) => others.has(name))
    reviewRules(rules, ['spec'], review)
    reviewAccessModes(spec.accessModes, ['spec'], review)
    reviewVolumeMode(spec.volumeMode, ['spec'], review)
    const { capacity = {}, nodeAffinity, claimRef, storageClassName } = spec
    if ((parseQuantity(String(capacity.storage))?.nano ?? 0n) === 0n) {
      const message = `expected a quantity like "1Gi", found ${found(capacity.storage)}`
      review.problem(['spec', 'capacity', 'storage'], message)
    } else reviewQuantities(capacity, ['spec', 'capacity'], review)
    const terms = nodeAffinity?.required?.nodeSelectorTerms
    if (terms) reviewNodeTerms(terms, ['spec', 'nodeAffinity', 'required', 'nodeSelectorTerms'], review)
    if (claimRef) {
      reviewReference(claimRef.name, ['spec', 'claimRef', 'name'], review)
      reviewReference(claimRef.namespace, ['spec', 'claimRef', 'namespace'], review)
    }
    if (storageClassName) {
      reportFault(review, ['spec', 'storageClassName'], dnsNameFault(storageClassName), found(storageClassName))
    }
  },
  complete(object) {
    const { metadata, spec } = object
    return { ...object, spec: { ...spec, capacity: canonicalAmounts(spec.capacity), ...annotatedClass(metadata) } }
  },
}

function reviewSources(spec: PersistentVolumeSpec, review: Review): void {
  const sources = Object.keys(spec).filter((name) => !others.has(name))
  if (sources.length !== 1) {
    review.problem(
      ['spec'],
      `expected one source of a volume, found ${sources.length === 0 ? 'none' : sources.join(' and ')}`,
    )
  }
  const rules: Readonly<Record<string, { policy: string; note: string }>> = fields['PersistentVolume.spec']
  for (const source of sources) {
    const rule = rules[source]
    if (rule?.policy === 'refused') review.problem(['spec', source], rule.note)
  }
  const { hostPath, local, nfs, nodeAffinity } = spec
  for (const [member, source] of Object.entries({ hostPath, local })) {
    if (source) reportFault(review, ['spec', member, 'path'], hostPathFault(source.path), found(source.path))
  }
  if (nfs) reviewNfs(nfs, ['spec', 'nfs'], review)
  if (local && !nodeAffinity?.required) {
    review.problem(['spec', 'nodeAffinity'], 'expected the hosts that have a local volume, found nothing')
  }
}

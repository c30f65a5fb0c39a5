import { unhonoured } from '../fields.ts'
import { found, quoted } from '../found.ts'
import { StatefulSet as validate } from '../generated/validators.js'
import { dnsLabelFault, dnsNameFault } from '../names.ts'
import { type Review, reportFault } from '../review.ts'
import type { ClaimTemplate, StatefulSetSpec } from '../types.ts'
import { isZero, reviewBound } from './bounds.ts'
import { annotatedClass, completeClaimSpec, reviewClaimSpec } from './claim-spec.ts'
import type { KindRow } from './kind.ts'
import { reviewLabels, reviewMetadata } from './metadata.ts'
import { reviewRules } from './rules.ts'
import { completeTemplate, reviewTemplate } from './template.ts'

export const statefulSet: KindRow<'StatefulSet'> = {
  scope: 'Namespaced',
  validate,
  review({ metadata, spec }, review) {
    reviewMetadata(metadata, dnsNameFault, review)
    reviewRules(unhonoured('StatefulSet.spec', spec), ['spec'], review)
    const { volumeClaimTemplates = [], serviceName } = spec
    const claims = volumeClaimTemplates.map((template) => template.metadata.name)
    reviewTemplate(spec.selector, spec.template, review, claims)
    if (serviceName) reportFault(review, ['spec', 'serviceName'], dnsNameFault(serviceName), found(serviceName))
    // Before defaults it may be absent.
    const { updateStrategy }: Partial<StatefulSetSpec> = spec
    if (updateStrategy) reviewStrategy(updateStrategy, review)
    reviewClaims(volumeClaimTemplates, review)
  },
  complete(object) {
    const { updateStrategy, template, volumeClaimTemplates, persistentVolumeClaimRetentionPolicy } = object.spec
    const { type, rollingUpdate = { partition: 0 } } = updateStrategy
    return {
      ...object,
      spec: {
        ...object.spec,
        updateStrategy: type === 'RollingUpdate' ? { type, rollingUpdate } : { type },
        template: completeTemplate(template),
        persistentVolumeClaimRetentionPolicy: persistentVolumeClaimRetentionPolicy ?? {
          whenDeleted: 'Retain',
          whenScaled: 'Retain',
        },
        ...(volumeClaimTemplates ? { volumeClaimTemplates: volumeClaimTemplates.map(completeClaim) } : {}),
      },
    }
  },
}

function reviewStrategy(strategy: Partial<StatefulSetSpec['updateStrategy']>, review: Review): void {
  const { type = 'RollingUpdate', rollingUpdate } = strategy
  const path = ['spec', 'updateStrategy', 'rollingUpdate']
  if (!rollingUpdate) return
  if (type === 'OnDelete') {
    review.problem(path, 'expected nothing beside the type OnDelete, found a map')
    return
  }
  const { maxUnavailable } = rollingUpdate
  if (maxUnavailable === undefined) return
  const at = [...path, 'maxUnavailable']
  if (!reviewBound(maxUnavailable, 100, at, review) && isZero(maxUnavailable)) {
    review.problem(at, 'expected more than 0: no pod could ever be replaced')
  }
}

function reviewClaims(claims: readonly ClaimTemplate[], review: Review): void {
  const names = claims.map(({ metadata }) => metadata.name)
  for (const [index, { metadata, spec }] of claims.entries()) {
    const at = ['spec', 'volumeClaimTemplates', index]
    const { name } = metadata
    // It is the name of a volume, too.
    reportFault(review, [...at, 'metadata', 'name'], dnsLabelFault(name), found(name))
    if (names.indexOf(name) < index) {
      review.problem([...at, 'metadata', 'name'], `expected another name for each claim, found ${quoted(name)} again`)
    }
    reviewLabels(metadata, [...at, 'metadata'], review)
    reviewClaimSpec(spec, [...at, 'spec'], review)
  }
}

function completeClaim(claim: ClaimTemplate): ClaimTemplate {
  return { ...claim, spec: { ...completeClaimSpec(claim.spec), ...annotatedClass(claim.metadata) } }
}

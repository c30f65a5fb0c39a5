import { unhonoured } from '../fields.ts'
import { DaemonSet as validate } from '../generated/validators.js'
import { dnsNameFault } from '../names.ts'
import type { Review } from '../review.ts'
import type { DaemonSetSpec } from '../types.ts'
import { isZero, reviewBound } from './bounds.ts'
import type { KindRow } from './kind.ts'
import { reviewMetadata } from './metadata.ts'
import { reviewRules } from './rules.ts'
import { completeTemplate, reviewTemplate } from './template.ts'

export const daemonSet: KindRow<'DaemonSet'> = {
  scope: 'Namespaced',
  validate,
  review({ metadata, spec }, review) {
    reviewMetadata(metadata, dnsNameFault, review)
    reviewRules(unhonoured('DaemonSet.spec', spec), ['spec'], review)
    reviewTemplate(spec.selector, spec.template, review)
    // Before defaults it may be absent.
    const { updateStrategy }: Partial<DaemonSetSpec> = spec
    if (updateStrategy) reviewStrategy(updateStrategy, review)
  },
  complete(object) {
    const { updateStrategy, template } = object.spec
    const { type, rollingUpdate = { maxSurge: 0, maxUnavailable: 1 } } = updateStrategy
    return {
      ...object,
      spec: {
        ...object.spec,
        updateStrategy: type === 'RollingUpdate' ? { type, rollingUpdate } : { type },
        template: completeTemplate(template),
      },
    }
  },
}

function reviewStrategy(strategy: Partial<DaemonSetSpec['updateStrategy']>, review: Review): void {
  const { type = 'RollingUpdate', rollingUpdate } = strategy
  const path = ['spec', 'updateStrategy', 'rollingUpdate']
  if (!rollingUpdate) return
  if (type === 'OnDelete') {
    review.problem(path, 'expected nothing beside the type OnDelete, found a map')
    return
  }
  const { maxSurge = 0, maxUnavailable = 1 }: Partial<typeof rollingUpdate> = rollingUpdate
  const fault =
    reviewBound(maxSurge, 100, [...path, 'maxSurge'], review) ||
    reviewBound(maxUnavailable, 100, [...path, 'maxUnavailable'], review)
  if (fault || isZero(maxSurge) !== isZero(maxUnavailable)) return
  const message = isZero(maxSurge)
    ? 'expected more than 0 when maxSurge is 0: no pod could ever be replaced'
    : 'expected 0 beside maxSurge: a host has the old pod until the new one is ready, or it does not'
  review.problem([...path, 'maxUnavailable'], message)
}

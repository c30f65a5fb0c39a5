import { unhonoured } from '../fields.ts'
import { PodDisruptionBudget as validate } from '../generated/validators.js'
import { dnsNameFault } from '../names.ts'
import { selectorFault } from '../selector.ts'
import { reviewBound } from './bounds.ts'
import type { KindRow } from './kind.ts'
import { reviewMetadata } from './metadata.ts'
import { reviewRules } from './rules.ts'

export const podDisruptionBudget: KindRow<'PodDisruptionBudget'> = {
  scope: 'Namespaced',
  validate,
  review({ metadata, spec }, review) {
    reviewMetadata(metadata, dnsNameFault, review)
    reviewRules(unhonoured('PodDisruptionBudget.spec', spec), ['spec'], review)
    const { minAvailable, maxUnavailable, selector } = spec
    if (minAvailable !== undefined && maxUnavailable !== undefined) {
      review.problem(['spec'], 'expected minAvailable or maxUnavailable, found both')
    }
    for (const [member, value] of Object.entries({ minAvailable, maxUnavailable })) {
      if (value !== undefined) reviewBound(value, 100, ['spec', member], review)
    }
    const fault = selector && selectorFault(selector)
    if (fault) review.problem(['spec', 'selector', ...fault.path], fault.message)
  },
  complete: (object) => object,
}

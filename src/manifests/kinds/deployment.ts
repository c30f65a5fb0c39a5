import { unhonoured } from '../fields.ts'
import { found } from '../found.ts'
import { Deployment as validate } from '../generated/validators.js'
import { dnsNameFault } from '../names.ts'
import type { Review } from '../review.ts'
import type { DeploymentStrategy } from '../types.ts'
import { isZero, reviewBound } from './bounds.ts'
import type { KindRow } from './kind.ts'
import { reviewMetadata } from './metadata.ts'
import { reviewRules } from './rules.ts'
import { completeTemplate, reviewTemplate } from './template.ts'

const quarter = '25%'
const defaultDeadline = 600

export const deployment: KindRow<'Deployment'> = {
  scope: 'Namespaced',
  validate,
  review({ metadata, spec }, review) {
    reviewMetadata(metadata, dnsNameFault, review)
    reviewRules(unhonoured('Deployment.spec', spec), ['spec'], review)
    reviewTemplate(spec.selector, spec.template, review)
    if (spec.strategy) reviewStrategy(spec.strategy, review)
    const { minReadySeconds = 0, progressDeadlineSeconds = defaultDeadline } = spec
    if (progressDeadlineSeconds <= minReadySeconds) {
      const message = `expected more than minReadySeconds, which is ${minReadySeconds}, found ${found(progressDeadlineSeconds)}`
      review.problem(['spec', 'progressDeadlineSeconds'], message)
    }
  },
  complete(object) {
    const { strategy, template } = object.spec
    const filled: DeploymentStrategy =
      strategy.type === 'RollingUpdate' && !strategy.rollingUpdate
        ? { ...strategy, rollingUpdate: { maxSurge: quarter, maxUnavailable: quarter } }
        : strategy
    return { ...object, spec: { ...object.spec, strategy: filled, template: completeTemplate(template) } }
  },
}

function reviewStrategy(strategy: DeploymentStrategy, review: Review): void {
  const { type = 'RollingUpdate', rollingUpdate } = strategy as Partial<DeploymentStrategy>
  const path = ['spec', 'strategy', 'rollingUpdate']
  if (!rollingUpdate) return
  if (type === 'Recreate') {
    review.problem(path, 'expected nothing beside the type Recreate, found a map')
    return
  }
  const { maxSurge = quarter, maxUnavailable = quarter } = rollingUpdate
  const fault =
    reviewBound(maxSurge, Number.POSITIVE_INFINITY, [...path, 'maxSurge'], review) ||
    reviewBound(maxUnavailable, 100, [...path, 'maxUnavailable'], review)
  if (!fault && isZero(maxSurge) && isZero(maxUnavailable)) {
    review.problem(
      [...path, 'maxUnavailable'],
      'expected more than 0 when maxSurge is 0: no pod could ever be replaced',
    )
  }
}

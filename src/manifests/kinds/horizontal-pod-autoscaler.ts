import { unhonoured } from '../fields.ts'
import { found } from '../found.ts'
import { HorizontalPodAutoscaler as validate } from '../generated/validators.js'
import { dnsNameFault } from '../names.ts'
import type { Review } from '../review.ts'
import type { HorizontalPodAutoscalerSpec, HPAScalingRules } from '../types.ts'
import { reviewReference } from './env.ts'
import type { KindRow } from './kind.ts'
import { reviewMetadata } from './metadata.ts'
import { completeMetric, defaultMetrics, reviewMetric } from './metrics.ts'
import { reviewQuantity } from './quantities.ts'
import { reviewRules } from './rules.ts'

const longestWindow = 3600
const longestPeriod = 1800

export const horizontalPodAutoscaler: KindRow<'HorizontalPodAutoscaler'> = {
  scope: 'Namespaced',
  validate,
  review({ metadata, spec }, review) {
    reviewMetadata(metadata, dnsNameFault, review)
    reviewRules(unhonoured('HorizontalPodAutoscaler.spec', spec), ['spec'], review)
    reviewSize(spec, review)
    const { scaleTargetRef, metrics = [], behavior = {} } = spec
    reviewReference(scaleTargetRef.name, ['spec', 'scaleTargetRef', 'name'], review)
    for (const [index, metric] of metrics.entries()) reviewMetric(metric, ['spec', 'metrics', index], review)
    for (const direction of ['scaleUp', 'scaleDown'] as const) {
      const rules = behavior[direction]
      if (rules) reviewScaling(rules, direction, review)
    }
  },
  complete(object) {
    const { metrics = [], behavior = {} } = object.spec
    return {
      ...object,
      spec: {
        ...object.spec,
        metrics: metrics.length > 0 ? metrics.map(completeMetric) : [...defaultMetrics],
        behavior: {
          scaleUp: { ...defaultScaleUp, ...behavior.scaleUp },
          scaleDown: { ...defaultScaleDown, ...behavior.scaleDown },
        },
      },
    }
  },
}

const defaultScaleUp: HPAScalingRules = {
  stabilizationWindowSeconds: 0,
  selectPolicy: 'Max',
  policies: [
    { type: 'Pods', value: 4, periodSeconds: 15 },
    { type: 'Percent', value: 100, periodSeconds: 15 },
  ],
}
const defaultScaleDown: HPAScalingRules = {
  selectPolicy: 'Max',
  policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }],
}

/** Kinds that have a number of pods. */
const scalable = ['Deployment', 'StatefulSet', 'ReplicaSet', 'ReplicationController']

function reviewSize(spec: HorizontalPodAutoscalerSpec, review: Review): void {
  // Before defaults it may be absent.
  const {
    minReplicas = 1,
    maxReplicas,
    metrics = [],
  }: Partial<HorizontalPodAutoscalerSpec> & { maxReplicas: number } = spec
  const fromOutside = metrics.some(({ type }) => type === 'External' || type === 'Object')
  const least = fromOutside ? 0 : 1
  if (minReplicas < least) {
    review.problem(['spec', 'minReplicas'], `expected a whole number from ${least}, found ${found(minReplicas)}`)
  }
  if (maxReplicas < 1) {
    review.problem(['spec', 'maxReplicas'], `expected a whole number from 1, found ${found(maxReplicas)}`)
  } else if (maxReplicas < minReplicas) {
    const message = `expected at least minReplicas, which is ${minReplicas}, found ${found(maxReplicas)}`
    review.problem(['spec', 'maxReplicas'], message)
  }
  const { kind } = spec.scaleTargetRef
  if (!scalable.includes(kind))
    review.ignored(['spec', 'scaleTargetRef', 'kind'], 'no kind with a number of pods that berth runs')
}

function reviewScaling(rules: HPAScalingRules, direction: string, review: Review): void {
  const path = ['spec', 'behavior', direction]
  const { stabilizationWindowSeconds: window = 0, policies, tolerance } = rules
  if (window < 0 || window > longestWindow) {
    const message = `expected a whole number from 0 to ${longestWindow}, found ${found(window)}`
    review.problem([...path, 'stabilizationWindowSeconds'], message)
  }
  if (policies?.length === 0) review.problem([...path, 'policies'], 'expected at least one policy, found none')
  for (const [index, { value, periodSeconds }] of (policies ?? []).entries()) {
    const at = [...path, 'policies', index]
    if (value < 1) review.problem([...at, 'value'], `expected a whole number from 1, found ${found(value)}`)
    if (periodSeconds < 1 || periodSeconds > longestPeriod) {
      const message = `expected a whole number from 1 to ${longestPeriod}, found ${found(periodSeconds)}`
      review.problem([...at, 'periodSeconds'], message)
    }
  }
  if (tolerance !== undefined) reviewQuantity(tolerance, [...path, 'tolerance'], review)
}

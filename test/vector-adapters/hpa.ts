// Autoscaling: from the vectors' words to the rules and back. Ages in seconds become times before a fixed now.
import {
  type Behavior,
  changeWithin,
  combine,
  normalize,
  type ScalingRules,
  stabilize,
  storeEvent,
  usualDown,
  usualUp,
} from '../../src/autoscale/behavior.ts'
import { averageValue, objectValue, podsMetric } from '../../src/autoscale/metrics.ts'
import { type Measured, type MeteredPod, type Resource, resourceUtilization } from '../../src/autoscale/utilization.ts'
import type { Phase } from '../../src/reconcile/plan/phase.ts'

const now = 10_000_000_000

const ago = (seconds: number): number => now - seconds * 1000

interface VectorPod {
  readonly name: string
  readonly phase: Phase
  readonly ready: boolean
  readonly startedSecondsAgo: number
  readonly readyChangedSecondsAgo: number
  readonly request: number | null
  readonly metric: number | null
  readonly metricSecondsAgo: number
  readonly metricWindowSeconds: number
  readonly deleting?: boolean
}

interface Common {
  readonly currentReplicas: number
  readonly tolerance: number
}

const podOf = (pod: VectorPod): MeteredPod => ({
  ...{ name: pod.name, phase: pod.phase, ready: pod.ready, leaving: pod.deleting ?? false },
  startedAt: ago(pod.startedSecondsAgo),
  readyChangedAt: ago(pod.readyChangedSecondsAgo),
  request: pod.request ?? undefined,
  sample:
    pod.metric === null
      ? undefined
      : { value: pod.metric, at: ago(pod.metricSecondsAgo), windowMs: pod.metricWindowSeconds * 1000 },
})

const measuredOf = (input: Common & { pods: readonly VectorPod[] }): Measured => ({
  current: input.currentReplicas,
  pods: input.pods.map(podOf),
  tolerance: { up: input.tolerance, down: input.tolerance },
  now,
})

const oneValueOf = (input: Common & { value: number }, target: number) => ({
  ...{ current: input.currentReplicas, value: input.value, target },
  tolerance: { up: input.tolerance, down: input.tolerance },
})

interface VectorRules {
  readonly selectPolicy: ScalingRules['select']
  readonly policies: readonly { type: 'Pods' | 'Percent'; value: number; periodSeconds: number }[]
}

const rulesOf = (rules: VectorRules | null, usual: ScalingRules): ScalingRules =>
  rules === null
    ? usual
    : {
        ...usual,
        select: rules.selectPolicy,
        policies: rules.policies.map(({ type, value, periodSeconds }) => ({
          ...{ type, value, periodMs: periodSeconds * 1000 },
        })),
      }

interface VectorEvent {
  readonly change: number
  readonly secondsAgo: number
}

const eventOf = ({ change, secondsAgo }: VectorEvent) => ({ change, at: ago(secondsAgo) })

export const hpa = {
  resourceUtilization: (
    input: Common & { resource: Resource; targetUtilization: number; pods: readonly VectorPod[] },
  ) => {
    const sizing = resourceUtilization(input.resource, input.targetUtilization, measuredOf(input))
    return 'error' in sizing ? sizing : { replicas: sizing.replicas, utilization: sizing.average }
  },
  podsMetric: (input: Common & { targetAverageMilli: number; pods: readonly VectorPod[] }) =>
    podsMetric(input.targetAverageMilli, measuredOf(input)),
  objectValue: (input: Common & { readyPods: number; value: number; target: number }) => ({
    replicas: objectValue(oneValueOf(input, input.target), input.readyPods),
  }),
  averageValue: (input: Common & { value: number; targetAverage: number }) =>
    averageValue(oneValueOf(input, input.targetAverage)),
  normalize: (input: {
    minReplicas: number
    maxReplicas: number
    currentReplicas: number
    desiredReplicas: number
    scaleUp: VectorRules | null
    scaleDown: VectorRules | null
    scaleUpEvents: readonly VectorEvent[]
    scaleDownEvents: readonly VectorEvent[]
  }) => {
    const rules: Pick<Behavior, 'up' | 'down'> = {
      up: rulesOf(input.scaleUp, usualUp),
      down: rulesOf(input.scaleDown, usualDown),
    }
    const step = {
      ...{ current: input.currentReplicas, desired: input.desiredReplicas, now },
      ...{ min: input.minReplicas, max: input.maxReplicas },
      ...{ ups: input.scaleUpEvents.map(eventOf), downs: input.scaleDownEvents.map(eventOf) },
    }
    return normalize(step, rules)
  },
  stabilize: (input: {
    currentReplicas: number
    desiredReplicas: number
    recommendations: readonly { replicas: number; secondsAgo: number }[]
    scaleUpWindowSeconds: number
    scaleDownWindowSeconds: number
  }) => {
    const known = input.recommendations.map(({ replicas, secondsAgo }) => ({ replicas, at: ago(secondsAgo) }))
    const windows = { upMs: input.scaleUpWindowSeconds * 1000, downMs: input.scaleDownWindowSeconds * 1000 }
    const found = stabilize(input.currentReplicas, input.desiredReplicas, known, windows, now)
    return { replicas: found.replicas, stored: found.recommendations.map(({ replicas }) => replicas) }
  },
  storeEvent: (input: {
    longestPolicyPeriodSeconds: number | null
    events: readonly VectorEvent[]
    newChange: number
  }) => {
    const events = input.events.map(eventOf)
    const { longestPolicyPeriodSeconds: longest } = input
    const stored = storeEvent(events, input.newChange, longest === null ? undefined : longest * 1000, now)
    return { changeInLast60s: changeWithin(events, 60_000, now), storedCount: stored.length }
  },
  combine: (input: {
    currentReplicas: number
    minReplicas: number
    maxReplicas: number
    metricProposals: readonly (number | null)[]
  }) => {
    const range = { min: input.minReplicas, max: input.maxReplicas }
    const proposals = input.metricProposals.map((proposal) => proposal ?? undefined)
    return combine(input.currentReplicas, range, proposals)
  },
}

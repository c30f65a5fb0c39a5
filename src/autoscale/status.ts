import type { HorizontalPodAutoscaler } from '../manifests/types.ts'
import type { Health } from '../reconcile/plan/action.ts'
import type { LimitReason } from './behavior.ts'
import type { Decision } from './decide.ts'
import type { Outcome } from './measure.ts'

/** As in the status of Kubernetes' object. */
export interface Condition {
  readonly type: 'AbleToScale' | 'ScalingActive' | 'ScalingLimited'
  readonly status: 'True' | 'False'
  readonly reason: string
  readonly message: string
}

export interface AutoscalerStatus {
  readonly health: Health
  /** Reason first when it is not healthy; else `cpu 63%/50%, 3 of 2..10 replicas`. */
  readonly message: string
  /** `3/5`: ready pods of wanted ones; empty when nothing is scaled. */
  readonly ready: string
  readonly conditions: readonly Condition[]
}

export const notYetEvaluated: AutoscalerStatus = {
  health: 'Progressing',
  message: 'not evaluated yet',
  ready: '',
  conditions: [],
}

/** There is nothing that it could scale. */
export function unscalable(message: string): AutoscalerStatus {
  const condition: Condition = { type: 'AbleToScale', status: 'False', reason: 'FailedGetScale', message }
  return { health: 'Degraded', message: `FailedGetScale: ${message}`, ready: '', conditions: [condition] }
}

/** Another autoscaler has the target. */
export function ambiguous(target: string, other: string): AutoscalerStatus {
  const message = `${target} is already scaled by HorizontalPodAutoscaler ${other}`
  return {
    health: 'Degraded',
    message: `AmbiguousSelector: ${message}`,
    ready: '',
    conditions: [inactive('AmbiguousSelector', message)],
  }
}

/** Switched off by a target that is wanted with no pods. */
export function switchedOff(): AutoscalerStatus {
  const message = 'scaling is off while the target asks for 0 replicas'
  return {
    health: 'Suspended',
    message: `ScalingDisabled: ${message}`,
    ready: '',
    conditions: [ableToScale, inactive('ScalingDisabled', message)],
  }
}

export interface Evaluated {
  readonly spec: HorizontalPodAutoscaler['spec']
  readonly outcomes: readonly Outcome[]
  readonly decision: Decision
  readonly current: number
  readonly readyPods: number
}

export function evaluatedStatus({ spec, outcomes, decision, current, readyPods }: Evaluated): AutoscalerStatus {
  const metrics = outcomes.map(({ text }) => text).join(', ')
  const range = `${decision.replicas} of ${spec.minReplicas}..${spec.maxReplicas} replicas`
  const limited = decision.limit === 'DesiredWithinRange' ? '' : `, ${decision.limit}`
  const failures = outcomes.filter((outcome) => !outcome.ok)
  const failure = failures.find(({ waiting }) => !waiting) ?? failures[0]
  const why = failure ? `${failure.reason}: ${failure.message}; ` : ''
  return {
    health: healthOf(failure, decision),
    message: `${why}${metrics}, ${range}${limited}`,
    ready: `${readyPods}/${decision.replicas}`,
    conditions: [
      ableCondition(decision, current),
      failure && decision.from === 'metrics invalid' ? inactive(failure.reason, failure.message) : active(metrics),
      limitCondition(decision.limit),
    ],
  }
}

function healthOf(failure: Extract<Outcome, { ok: false }> | undefined, { from }: Decision): Health {
  if (!failure) return 'Healthy'
  if (!failure.waiting) return 'Degraded'
  return from === 'metrics' ? 'Healthy' : 'Progressing'
}

const ableToScale: Condition = {
  type: 'AbleToScale',
  status: 'True',
  reason: 'ReadyForNewScale',
  message: 'recommended number matches the current one',
}

function ableCondition({ replicas, stabilized }: Decision, current: number): Condition {
  if (replicas !== current) {
    return { ...ableToScale, reason: 'SucceededRescale', message: `the number of replicas is now ${replicas}` }
  }
  if (stabilized === undefined) return ableToScale
  const [reason, compared] = stabilized === 'down' ? ['ScaleDownStabilized', 'higher'] : ['ScaleUpStabilized', 'lower']
  return { ...ableToScale, reason, message: `recommendations of the stabilization window were ${compared}` }
}

function active(metrics: string): Condition {
  return { type: 'ScalingActive', status: 'True', reason: 'ValidMetricFound', message: metrics }
}

function inactive(reason: string, message: string): Condition {
  return { type: 'ScalingActive', status: 'False', reason, message }
}

const limitWords: Readonly<Record<LimitReason, string>> = {
  ScaleUpLimit: 'the wanted number grows faster than the policies allow',
  ScaleDownLimit: 'the wanted number shrinks faster than the policies allow',
  TooManyReplicas: 'the wanted number is above maxReplicas',
  TooFewReplicas: 'the wanted number is below minReplicas',
  DesiredWithinRange: 'the wanted number is within the range',
}

function limitCondition(reason: LimitReason): Condition {
  const status = reason === 'DesiredWithinRange' ? 'False' : 'True'
  return { type: 'ScalingLimited', status, reason, message: limitWords[reason] }
}

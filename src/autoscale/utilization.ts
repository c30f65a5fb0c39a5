import type { Phase } from '../reconcile/plan/phase.ts'

/** What a pod was found to use. Thousandths of a unit (cpu, metrics of Prometheus), or bytes. */
export interface Sample {
  readonly value: number
  /** When it was read, ms. */
  readonly at: number
  /** The time that it is a mean of; 0: none. */
  readonly windowMs: number
}

export interface MeteredPod {
  readonly name: string
  readonly phase: Phase
  readonly leaving: boolean
  readonly ready: boolean
  /** ms. */
  readonly startedAt: number
  /** When `ready` last changed; of a pod that never was ready: when it started. */
  readonly readyChangedAt: number
  /** In the unit of its sample; undefined: not all of its containers say one. */
  readonly request: number | undefined
  readonly sample: Sample | undefined
}

export type Resource = 'cpu' | 'memory'

/** How far the ratio of use to target may be off without a change, as shares: 0.1. */
export interface Tolerance {
  readonly up: number
  readonly down: number
}

/** What a metric asks for. `average`: what was found, in the unit of the target. */
export type Sizing =
  | { readonly replicas: number; readonly average: number }
  | { readonly error: 'no metrics' | 'no request' }

export interface Measured {
  readonly current: number
  readonly pods: readonly MeteredPod[]
  readonly tolerance: Tolerance
  /** ms. */
  readonly now: number
}

/** While it starts, a pod burns cpu for reasons that do not last. */
const cpuSettlesMs = 300_000
/** A pod that became unready so soon after its start never was ready. */
const firstReadinessMs = 30_000

interface Groups {
  readonly counted: ReadonlyMap<MeteredPod, number>
  /** Their samples say nothing yet. */
  readonly unready: readonly MeteredPod[]
  readonly missing: readonly MeteredPod[]
}

interface Rule {
  /** Use divided by what is aimed at. */
  readonly ratio: (values: ReadonlyMap<MeteredPod, number>) => number
  /** What a pod without a sample is taken to use, given what the others say; undefined: it is left out. */
  readonly missing: (pod: MeteredPod, ratio: number) => number | undefined
}

/** Utilization of requests, in percent: all use over all requests, rounded down. */
export function resourceUtilization(resource: Resource, target: number, measured: Measured): Sizing {
  const groups = groupPods(resource, measured)
  if (groups.counted.size === 0) return { error: 'no metrics' }
  if (measured.pods.some((pod) => pod.request === undefined)) return { error: 'no request' }
  const rule: Rule = {
    ratio: (values) => utilization(values) / target,
    missing(pod, ratio) {
      if (ratio === 1) return undefined
      return ratio > 1 ? 0 : Math.floor(((pod.request ?? 0) * Math.max(100, target)) / 100)
    },
  }
  return { replicas: sizeByRatio(groups, measured, rule), average: utilization(groups.counted) }
}

/** The mean over pods, rounded down. Without a resource, readiness says nothing of a sample. */
export function podsAverage(resource: Resource | undefined, target: number, measured: Measured): Sizing {
  const groups = groupPods(resource, measured)
  if (groups.counted.size === 0) return { error: 'no metrics' }
  const rule: Rule = {
    ratio: (values) => mean(values) / target,
    missing: (_pod, ratio) => (ratio < 1 ? target : 0),
  }
  return { replicas: sizeByRatio(groups, measured, rule), average: mean(groups.counted) }
}

export function isWithin(ratio: number, { up, down }: Tolerance): boolean {
  return ratio >= 1 - down && ratio <= 1 + up
}

function groupPods(resource: Resource | undefined, { pods, now }: Measured): Groups {
  const counted = new Map<MeteredPod, number>()
  const unready: MeteredPod[] = []
  const missing: MeteredPod[] = []
  for (const pod of pods) {
    if (pod.leaving || pod.phase === 'Failed') continue
    if (pod.phase === 'Pending') unready.push(pod)
    else if (!pod.sample) missing.push(pod)
    else if (resource === 'cpu' && !isSettled(pod, pod.sample, now)) unready.push(pod)
    else counted.set(pod, pod.sample.value)
  }
  return { counted, unready, missing }
}

/** Whether its cpu figure is of the work that it is for. */
function isSettled(pod: MeteredPod, sample: Sample, now: number): boolean {
  if (pod.startedAt + cpuSettlesMs > now) return pod.ready && sample.at >= pod.readyChangedAt + sample.windowMs
  return pod.ready || pod.readyChangedAt >= pod.startedAt + firstReadinessMs
}

/**
 * Three pods at 200 % of the target ask for six. Pods of which nothing is known make the step smaller, never larger, and never turn it
 * round: they are taken to idle when more is asked for, and to be busy when less is.
 */
function sizeByRatio({ counted, unready, missing }: Groups, { current, tolerance }: Measured, rule: Rule): number {
  const first = rule.ratio(counted)
  const withUnready = first > 1 && unready.length > 0
  if (!withUnready && missing.length === 0) {
    return isWithin(first, tolerance) ? current : Math.ceil(first * counted.size)
  }
  const values = new Map(counted)
  for (const pod of missing) {
    const value = rule.missing(pod, first)
    if (value !== undefined) values.set(pod, value)
  }
  if (withUnready) for (const pod of unready) values.set(pod, 0)
  const second = rule.ratio(values)
  const turned = (first < 1 && second > 1) || (first > 1 && second < 1)
  if (isWithin(second, tolerance) || turned) return current
  const size = Math.ceil(second * values.size)
  return (second < 1 && size > current) || (second > 1 && size < current) ? current : size
}

function utilization(values: ReadonlyMap<MeteredPod, number>): number {
  const requests = sum([...values.keys()].map((pod) => pod.request ?? 0))
  return Math.floor((sum([...values.values()]) * 100) / requests)
}

function mean(values: ReadonlyMap<MeteredPod, number>): number {
  return Math.floor(sum([...values.values()]) / values.size)
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

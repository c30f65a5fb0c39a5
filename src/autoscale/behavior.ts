import { parseQuantity } from '../manifests/quantity.ts'
import type { HorizontalPodAutoscaler, HPAScalingRules } from '../manifests/types.ts'

export interface Policy {
  readonly type: 'Pods' | 'Percent'
  readonly value: number
  readonly periodMs: number
}

/** How fast one direction may go. */
export interface ScalingRules {
  readonly select: 'Max' | 'Min' | 'Disabled'
  readonly policies: readonly Policy[]
  readonly windowMs: number
  /** See Tolerance. */
  readonly tolerance: number
}

export interface Behavior {
  readonly up: ScalingRules
  readonly down: ScalingRules
  /** What scale events are kept for, ms; undefined: nobody wrote policies, and none are kept. */
  readonly longestPeriodMs: number | undefined
}

export interface Recommendation {
  readonly replicas: number
  /** ms. */
  readonly at: number
}

export interface ScaleEvent {
  /** Pods added, or removed. */
  readonly change: number
  /** ms. */
  readonly at: number
}

const doubled: Policy = { type: 'Percent', value: 100, periodMs: 15_000 }
const usualTolerance = 0.1
export const usualUp: ScalingRules = {
  select: 'Max',
  policies: [{ type: 'Pods', value: 4, periodMs: 15_000 }, doubled],
  windowMs: 0,
  tolerance: usualTolerance,
}
export const usualDown: ScalingRules = {
  select: 'Max',
  policies: [doubled],
  windowMs: 300_000,
  tolerance: usualTolerance,
}

/** The behaviour that is asked for, with Kubernetes' defaults for what is not said. */
export function behaviorOf({ behavior }: HorizontalPodAutoscaler['spec']): Behavior {
  const up = rulesOf(behavior?.scaleUp, usualUp)
  const down = rulesOf(behavior?.scaleDown, usualDown)
  const periods = [...up.policies, ...down.policies].map((policy) => policy.periodMs)
  return { up, down, longestPeriodMs: behavior && Math.max(0, ...periods) }
}

function rulesOf(given: HPAScalingRules | undefined, usual: ScalingRules): ScalingRules {
  return {
    select: given?.selectPolicy ?? usual.select,
    policies:
      given?.policies?.map(({ type, value, periodSeconds }) => ({ type, value, periodMs: periodSeconds * 1000 })) ??
      usual.policies,
    windowMs:
      given?.stabilizationWindowSeconds === undefined ? usual.windowMs : given.stabilizationWindowSeconds * 1000,
    tolerance: given?.tolerance === undefined ? usual.tolerance : shareOf(given.tolerance),
  }
}

function shareOf(quantity: string): number {
  return Number(parseQuantity(quantity)?.nano ?? 0n) / 1e9
}

/** The largest proposal; one that could not be made forbids to go down. A number outside the range is pulled in first. */
export function combine(
  current: number,
  range: { readonly min: number; readonly max: number },
  proposals: readonly (number | undefined)[],
): { readonly desired: number; readonly reason: 'metrics' | 'metrics invalid' | 'outside range' | 'disabled' } {
  if (current === 0 && range.min !== 0) return { desired: 0, reason: 'disabled' }
  if (current > range.max) return { desired: range.max, reason: 'outside range' }
  if (current < range.min) return { desired: range.min, reason: 'outside range' }
  const valid = proposals.filter((proposal) => proposal !== undefined)
  const desired = Math.max(0, ...valid)
  const blind = valid.length === 0 || (valid.length < proposals.length && desired < current)
  return blind ? { desired: current, reason: 'metrics invalid' } : { desired, reason: 'metrics' }
}

/** Goes up only as far as all recommendations of the up window agree, and down only as far as those of the down window do. */
export function stabilize(
  current: number,
  desired: number,
  recommendations: readonly Recommendation[],
  windows: { readonly upMs: number; readonly downMs: number },
  now: number,
): { readonly replicas: number; readonly recommendations: readonly Recommendation[] } {
  const within = (windowMs: number) => recommendations.filter(({ at }) => at > now - windowMs).map(replicasOf)
  const up = Math.min(desired, ...within(windows.upMs))
  const down = Math.max(desired, ...within(windows.downMs))
  const expired = ({ at }: Recommendation) => at < now - windows.upMs && at < now - windows.downMs
  return {
    replicas: Math.min(Math.max(current, up), down),
    recommendations: keptInSlot(recommendations, expired, { replicas: desired, at: now }),
  }
}

function replicasOf({ replicas }: Recommendation): number {
  return replicas
}

export type LimitReason =
  | 'ScaleUpLimit'
  | 'ScaleDownLimit'
  | 'TooManyReplicas'
  | 'TooFewReplicas'
  | 'DesiredWithinRange'

export interface Step {
  readonly current: number
  readonly desired: number
  readonly min: number
  readonly max: number
  readonly ups: readonly ScaleEvent[]
  readonly downs: readonly ScaleEvent[]
  /** ms. */
  readonly now: number
}

/** As far towards the desired number as range and policies allow now. */
export function normalize(
  step: Step,
  behavior: Pick<Behavior, 'up' | 'down'>,
): { replicas: number; reason: LimitReason } {
  const { current, desired, min, max } = step
  if (desired > current) {
    const limit = Math.max(current, upLimit(step, behavior.up))
    const reason = limit < max ? 'ScaleUpLimit' : 'TooManyReplicas'
    if (desired > Math.min(limit, max)) return { replicas: Math.min(limit, max), reason }
  }
  if (desired < current) {
    const limit = Math.min(current, downLimit(step, behavior.down))
    const reason = limit > min ? 'ScaleDownLimit' : 'TooFewReplicas'
    if (desired < Math.max(limit, min)) return { replicas: Math.max(limit, min), reason }
  }
  return { replicas: desired, reason: 'DesiredWithinRange' }
}

function upLimit(step: Step, { select, policies }: ScalingRules): number {
  if (select === 'Disabled' || policies.length === 0) return step.current
  const limits = policies.map(({ type, value, periodMs }) => {
    const start = periodStart(step, periodMs)
    return type === 'Pods' ? start + value : Math.ceil((start * (100 + value)) / 100)
  })
  return select === 'Max' ? Math.max(...limits) : Math.min(...limits)
}

function downLimit(step: Step, { select, policies }: ScalingRules): number {
  if (select === 'Disabled' || policies.length === 0) return step.current
  const limits = policies.map(({ type, value, periodMs }) => {
    const start = periodStart(step, periodMs)
    return type === 'Pods' ? start - value : Math.trunc((start * (100 - value)) / 100)
  })
  return select === 'Max' ? Math.min(...limits) : Math.max(...limits)
}

/** How many there were when the period began. */
function periodStart({ current, ups, downs, now }: Step, periodMs: number): number {
  return current - changeWithin(ups, periodMs, now) + changeWithin(downs, periodMs, now)
}

export function changeWithin(events: readonly ScaleEvent[], periodMs: number, now: number): number {
  return events.filter(({ at }) => at > now - periodMs).reduce((total, { change }) => total + change, 0)
}

/** Nothing is kept where no policy asks. */
export function storeEvent(
  events: readonly ScaleEvent[],
  change: number,
  longestPeriodMs: number | undefined,
  now: number,
): readonly ScaleEvent[] {
  if (longestPeriodMs === undefined) return events
  return keptInSlot(events, ({ at }) => at < now - longestPeriodMs, { change, at: now })
}

/** In the place of the last expired item, or at the end: so lists stay as short as their windows. */
function keptInSlot<T>(items: readonly T[], expired: (item: T) => boolean, item: T): readonly T[] {
  const slot = items.findLastIndex(expired)
  return slot < 0 ? [...items, item] : items.with(slot, item)
}

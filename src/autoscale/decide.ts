import type { HorizontalPodAutoscaler } from '../manifests/types.ts'
import {
  behaviorOf,
  combine,
  type LimitReason,
  normalize,
  type Recommendation,
  type ScaleEvent,
  stabilize,
  storeEvent,
} from './behavior.ts'

/** What one autoscaler remembers between evaluations. */
export interface Memory {
  readonly recommendations: readonly Recommendation[]
  readonly ups: readonly ScaleEvent[]
  readonly downs: readonly ScaleEvent[]
}

/** The number found counts as recommended, so that a new process does not go down before its window is over. */
export function firstMemory(current: number, now: number): Memory {
  return { recommendations: [{ replicas: current, at: now }], ups: [], downs: [] }
}

export interface Decision {
  readonly replicas: number
  /** What the number comes from; see `combine`. */
  readonly from: 'metrics' | 'metrics invalid' | 'outside range' | 'disabled'
  /** Only `DesiredWithinRange` is no limit. */
  readonly limit: LimitReason
  /** Earlier recommendations hold the number back. */
  readonly stabilized: 'up' | 'down' | undefined
  readonly memory: Memory
}

/** One evaluation: proposals of the metrics (undefined: could not be made) -> combine -> stabilize -> normalize. */
export function decide(
  spec: HorizontalPodAutoscaler['spec'],
  current: number,
  proposals: readonly (number | undefined)[],
  memory: Memory,
  now: number,
): Decision {
  const [min, max] = [spec.minReplicas, spec.maxReplicas]
  const behavior = behaviorOf(spec)
  const combined = combine(current, { min, max }, proposals)
  if (combined.reason !== 'metrics') {
    const limit = combined.desired > current ? 'TooFewReplicas' : 'TooManyReplicas'
    return {
      replicas: combined.desired,
      from: combined.reason,
      limit: combined.reason === 'outside range' ? limit : 'DesiredWithinRange',
      stabilized: undefined,
      memory: remembered(memory, combined.desired - current, behavior.longestPeriodMs, now),
    }
  }
  const { desired } = combined
  const windows = { upMs: behavior.up.windowMs, downMs: behavior.down.windowMs }
  const { replicas: steady, recommendations } = stabilize(current, desired, memory.recommendations, windows, now)
  const { ups, downs } = memory
  const { replicas, reason } = normalize({ current, desired: steady, min, max, ups, downs, now }, behavior)
  return {
    replicas,
    from: 'metrics',
    limit: reason,
    stabilized: steady === desired ? undefined : steady < desired ? 'up' : 'down',
    memory: remembered({ ...memory, recommendations }, replicas - current, behavior.longestPeriodMs, now),
  }
}

function remembered(memory: Memory, change: number, longestPeriodMs: number | undefined, now: number): Memory {
  if (change === 0) return memory
  return change > 0
    ? { ...memory, ups: storeEvent(memory.ups, change, longestPeriodMs, now) }
    : { ...memory, downs: storeEvent(memory.downs, -change, longestPeriodMs, now) }
}

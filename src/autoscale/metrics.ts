import { isWithin, type Measured, podsAverage, type Sizing, type Tolerance } from './utilization.ts'

/** A metric of each pod that is no resource; thousandths. */
export function podsMetric(target: number, measured: Measured): Sizing {
  return podsAverage(undefined, target, measured)
}

export interface OneValue {
  readonly current: number
  /** Thousandths. */
  readonly value: number
  /** Thousandths. */
  readonly target: number
  readonly tolerance: Tolerance
}

/** One value for all, aimed at as it is: twice the target asks for twice the ready pods. */
export function objectValue({ current, value, target, tolerance }: OneValue, readyPods: number): number {
  const ratio = value / target
  if (current === 0) return Math.ceil(ratio)
  return isWithin(ratio, tolerance) ? current : Math.ceil(ratio * readyPods)
}

/** One value for all, shared by the pods. */
export function averageValue({ current, value, target, tolerance }: OneValue): { replicas: number; average: number } {
  const idle = current === 0 && value === 0
  const replicas = idle || isWithin(value / (target * current), tolerance) ? current : Math.ceil(value / target)
  return { replicas, average: current === 0 ? 0 : Math.ceil(value / current) }
}

import type { HorizontalPodAutoscaler } from '../manifests/types.ts'
import type { Remarks } from './rules.ts'

/** Queries go to the Prometheus of all applications, and their answers would be those of production. */
export function isolatedAutoscaler(
  autoscaler: HorizontalPodAutoscaler,
  remarks: Remarks,
): HorizontalPodAutoscaler | undefined {
  const { metrics = [] } = autoscaler.spec
  const own = metrics.filter(({ resource, containerResource }) => resource ?? containerResource)
  if (own.length === metrics.length) return autoscaler
  if (own.length === 0) {
    remarks.leaveOut('', 'a preview is not scaled by metrics of others')
    return undefined
  }
  remarks.leaveOut('spec.metrics', 'a preview is scaled by what its own containers use alone')
  return { ...autoscaler, spec: { ...autoscaler.spec, metrics: own } }
}

import type { PodSpec } from '../../src/manifests/types.ts'
import type { PodRef } from '../../src/runtime/port.ts'
import type { Box } from './fake-docker.ts'
import type { Truth } from './truth.ts'

export interface QuotaHard {
  readonly pods: number
  readonly cpuMillis: number
}

/** Why one more pod does not fit; undefined: it does. Counted are pods that run or are about to, and are not on their way out. */
export function quotaProblem(
  truth: Truth,
  pod: PodRef,
  spec: PodSpec,
  hard: QuotaHard | undefined,
): string | undefined {
  if (!hard) return undefined
  const counts = (box: Box): boolean =>
    box.name === '' && !box.leaving && box.pod !== pod.name && !truth.hasEnded(box) && !truth.isHidden(box.host)
  const others = truth.boxes().filter(counts)
  const specs = [spec, ...others.flatMap(({ sandbox }) => (sandbox ? [sandbox.spec] : []))]
  const cpu = specs.reduce((total, one) => total + cpuOf(one), 0)
  if (specs.length > hard.pods) return `${specs.length} pods with ${pod.name}, the quota is ${hard.pods}`
  return cpu > hard.cpuMillis ? `${cpu}m asked for with ${pod.name}, the quota is ${hard.cpuMillis}m` : undefined
}

function cpuOf({ containers }: PodSpec): number {
  return containers.reduce((total, { resources }) => total + millis(resources?.requests?.cpu), 0)
}

/** All amounts here are written as `100m`. */
function millis(text = '0m'): number {
  return Number(text.slice(0, -1))
}

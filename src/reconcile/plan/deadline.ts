import type { LivePod } from '../../runtime/live.ts'
import { endedAt, hasEnded } from './container-state.ts'
import { roleOf } from './start-order.ts'

/** When the pod's time is up (activeDeadlineSeconds, counted from its making), ms; undefined: it has all the time. */
export function deadlineOf({ spec, createdAt }: LivePod): number | undefined {
  const seconds = spec?.activeDeadlineSeconds
  return seconds === undefined ? undefined : createdAt + seconds * 1000
}

/** Its time was up before all its containers had ended by themselves. What ended in time keeps its outcome for ever. */
export function isOverdue(pod: LivePod, ended: boolean, now: number): boolean {
  const deadline = deadlineOf(pod)
  if (deadline === undefined || now < deadline) return false
  // Sidecars are stopped after the others have ended.
  const counted = pod.containers.filter(({ name }) => roleOf(pod.spec, name) !== 'sidecar')
  return !ended || counted.some((container) => hasEnded(container) && endedAt(container) >= deadline)
}

export const deadlineText = 'DeadlineExceeded: Pod was active on the node longer than the specified deadline'

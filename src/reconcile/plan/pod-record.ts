import { keyOf } from '../../base/key.ts'
import type { LiveVolume } from '../../runtime/live.ts'
import type { ObjectStatus, Task } from './action.ts'
import { namespaceOf } from './create.ts'
import type { DesiredPod, View } from './desired.ts'
import { removeRecords, writeRecord } from './job-record.ts'
import { type Leaving, planFinished, planLeave, planLeaving } from './leave.ts'
import { type Observed, phaseOf } from './observe.ts'
import { failureOf } from './pod-problem.ts'
import type { Roster } from './roster.ts'
import { earliest } from './time.ts'

/**
 * That a bare pod has ended for good is written down, as Kubernetes keeps the object: `docker container prune` must not make it run again.
 * One record a template: a changed pod is a new one.
 */
export interface PodRecords {
  /** Of the wanted template. */
  readonly ended: LiveVolume | undefined
  /** Of others. */
  readonly outdated: readonly LiveVolume[]
}

export function podRecords(desired: DesiredPod, view: View): PodRecords {
  const { hash } = desired.template
  const key = keyOf({ namespace: namespaceOf(desired), kind: 'Pod', name: desired.object.metadata.name })
  const records = view.volumesOf(key).filter(({ detail }) => detail !== '')
  // A pod that is on its way out was removed from the repository; wanted again it is another one.
  const again = view.pods.some((pod) => pod.template === hash && pod.leaving)
  const current = records.filter(({ detail }) => detail === hash && !again)
  return { ended: current[0], outdated: records.filter((record) => !current.includes(record)) }
}

export function removeOutdated({ outdated }: PodRecords, view: View): Task[] {
  return removeRecords(outdated, view, 'of an earlier pod')
}

/** The pods that ended for good, as they were wanted; also one of which the containers alone are left, without the sandbox. */
export function overPods({ pods, desired: { template }, view }: Roster): Observed[] {
  return pods
    .filter(({ pod, bucket }) => pod.template === template.hash && (bucket === 'finished' || bucket === 'lost'))
    .flatMap((observed) => {
      if (observed.bucket === 'finished') return [observed]
      const pod = { ...observed.pod, spec: observed.pod.spec ?? template.spec }
      const { phase, reason } = phaseOf(pod, view.now)
      const ended = phase === 'Succeeded' || phase === 'Failed'
      return ended ? [{ ...observed, phase, reason, problem: reason || failureOf(pod) }] : []
    })
}

/** Writes down what the pod came to, on every host. */
export function recordPod(desired: DesiredPod, { phase, problem, pod }: Observed, view: View): Task[] {
  const text = `record the end of pod ${pod.name}`
  const facts = { phase, problem }
  return writeRecord(desired, { text, cause: phase, detail: desired.template.hash, facts }, view)
}

/** What is left to be done for a pod whose end is written down, whatever is left of its containers. */
export function planRecorded({ pods, desired, view }: Roster): Leaving {
  const steps = pods
    .filter(({ reachable }) => reachable)
    .map(({ pod, bucket, reason }): Leaving => {
      if (bucket === 'leaving') return planLeaving(pod, view.now)
      const task =
        pod.template === desired.template.hash
          ? planFinished(pod, reason || 'all other containers have ended')
          : planLeave(pod, `old revision ${pod.template}`, 'none')
      return { tasks: task ? [task] : [], again: undefined }
    })
  return { tasks: steps.flatMap(({ tasks }) => tasks), again: earliest(steps.map(({ again }) => again)) }
}

export function recordedVerdict({ facts }: LiveVolume): Pick<ObjectStatus, 'health' | 'message' | 'failed'> {
  if (facts.phase === 'Succeeded') return { health: 'Healthy', message: 'Succeeded', failed: false }
  return { health: 'Degraded', message: `Failed: ${facts.problem ?? ''}`, failed: true }
}

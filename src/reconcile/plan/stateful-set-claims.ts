import { keyOf } from '../../base/key.ts'
import type { LivePod } from '../../runtime/live.ts'
import type { Action, Task } from './action.ts'
import { dataOf } from './claim.ts'
import type { DesiredStatefulSet, View } from './desired.ts'
import { withRecords } from './fill.ts'
import { claimName, claimsGo, ordinalOf } from './stateful-set-identity.ts'
import { isWanted } from './stateful-set-sync.ts'

/**
 * The task with the removal of the pod's claims after that of the pod, where it removes the last of a pod whose ordinal is not wanted any
 * more and the set says so (`whenScaled: Delete`). In one chain, since afterwards nothing tells whose the claims were: cut short in
 * between, the data is kept.
 */
export function withClaims(desired: DesiredStatefulSet, view: View, task: Task): Task {
  const { persistentVolumeClaimRetentionPolicy: policy, volumeClaimTemplates = [] } = desired.object.spec
  if (volumeClaimTemplates.length === 0 || !claimsGo(policy, 'scaleDown')) return task
  const pod = view.pods.find((candidate) => isSurplus(desired, candidate) && goesWith(candidate, task))
  if (!pod) return task
  const names = volumeClaimTemplates.map(({ metadata }) => claimName(metadata.name, pod.name))
  const removals = names.flatMap((name) => removalsOf(name, pod, view))
  if (removals.length === 0) return task
  const claims = `${names.length === 1 ? 'claim' : 'claims'} ${names.join(', ')}`
  return { ...task, text: `${task.text} and the data of its ${claims}`, actions: [...task.actions, ...removals] }
}

function isSurplus({ object, replicas }: DesiredStatefulSet, pod: LivePod): boolean {
  const ordinal = ordinalOf(object.metadata.name, pod.name)
  return ordinal !== undefined && !isWanted({ start: object.spec.ordinals?.start ?? 0, replicas }, ordinal)
}

/** Nothing of the pod is left after the task. */
function goesWith(pod: LivePod, { actions }: Task): boolean {
  const parts = [...pod.containers, ...pod.leftovers, ...(pod.sandbox ? [pod.sandbox] : [])]
  const removed = new Set(
    actions.flatMap((action) => (action.kind === 'remove' && action.pod.host === pod.host ? [action.id] : [])),
  )
  return parts.length > 0 && parts.every(({ id }) => removed.has(id))
}

/** The set's own word counts, not the class's, which is for claims without one. What an administrator has put there is not for it to remove. */
function removalsOf(claim: string, { host, namespace }: LivePod, view: View): Action[] {
  const key = keyOf({ namespace, kind: 'PersistentVolumeClaim', name: claim })
  return dataOf(key, view)
    .filter((volume) => volume.host === host && volume.facts.pv === undefined)
    .flatMap((volume) => withRecords(key, volume, view))
}

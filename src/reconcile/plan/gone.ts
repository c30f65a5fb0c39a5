import { type Key, keyParts } from '../../base/key.ts'
import type { ObjectStatus, Plan, Task } from './action.ts'
import { planGoneClaim } from './claim.ts'
import type { View } from './desired.ts'
import { type Leaving, planLeave, planLeaving, planRemains } from './leave.ts'
import { type Observed, observe } from './observe.ts'
import { earliest } from './time.ts'

/**
 * What is left of an object that is no longer in the repository, and whose removal was allowed: its pods end in an orderly way, a
 * namespace's networks go once no pod uses them. `view.pods` are the owner's pods; for a namespace, all pods in it.
 */
export function planGone(owner: Key, view: View): Plan {
  const { kind, namespace, name } = keyParts(owner)
  if (kind === 'PersistentVolumeClaim') return planGoneClaim(owner, view)
  const eye = { now: view.now, hosts: view.hosts, minReadyMs: 0, hash: '' }
  const pods = [...view.pods].sort((a, b) => (a.name < b.name ? -1 : 1)).map((pod) => observe(pod, eye))
  const removals = kind === 'Namespace' ? [] : pods.map((observed) => removal(observed, view.now))
  const rest = kind === 'Namespace' ? removeNetworks(name, view) : removeRecords(owner, view)
  const tasks = [...removals.flatMap((one) => one.tasks), ...rest]
  const again = earliest(removals.map((one) => one.again))
  const unreachable = pods.find(({ reachable }) => !reachable)
  const status: ObjectStatus = {
    kind,
    namespace,
    name,
    sync: 'OutOfSync',
    health: 'Progressing',
    ready: '',
    message: unreachable
      ? `is being removed, pod ${unreachable.pod.name} waits: ${unreachable.problem}`
      : `is being removed${pods.length === 0 ? '' : `, ${pods.length} ${pods.length === 1 ? 'pod' : 'pods'} left`}`,
    failed: false,
  }
  return { tasks, status, lookAgainAt: again?.at, lookAgainFor: again?.reason ?? '' }
}

function removal({ pod, bucket, reachable }: Observed, now: number): Leaving {
  const cause = 'no longer in the repository'
  if (!reachable) return { tasks: [], again: undefined }
  if (bucket === 'leaving') return planLeaving(pod, now)
  const effect = bucket === 'finished' ? 'none' : 'downtime'
  return { tasks: [pod.sandbox ? planLeave(pod, cause, effect) : planRemains(pod, cause)], again: undefined }
}

/** What was written down about the object; needed as long as it has pods. */
function removeRecords(owner: Key, view: View): Task[] {
  if (view.pods.length > 0) return []
  const { kind, name } = keyParts(owner)
  return view
    .volumesOf(owner)
    .filter(({ detail, host }) => detail !== '' && view.hosts.some((known) => known.name === host && known.reachable))
    .map((record) => ({
      host: record.host,
      text: `remove record ${record.detail} of ${kind}/${name} on ${record.host}`,
      cause: 'no longer in the repository',
      effect: 'none',
      actions: [{ kind: 'removeVolume', host: record.host, name: record.name }],
    }))
}

function removeNetworks(namespace: string, view: View): Task[] {
  return view.hosts
    .filter((host) => host.reachable && host.networks.has(namespace))
    .filter((host) => !view.pods.some((pod) => pod.host === host.name && pod.namespace === namespace))
    .map((host) => ({
      host: host.name,
      text: `remove network of namespace ${namespace} on ${host.name}`,
      cause: 'no longer in the repository',
      effect: 'none',
      actions: [{ kind: 'removeNetwork', host: host.name, namespace }],
    }))
}

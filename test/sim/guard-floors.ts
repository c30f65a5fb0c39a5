import type { Action } from '../../src/reconcile/plan/action.ts'
import type {
  DesiredDaemonSet,
  DesiredDeployment,
  DesiredStatefulSet,
  Workload,
} from '../../src/reconcile/plan/desired.ts'
import { minAvailable, resolveFenceposts } from '../../src/reconcile/plan/fenceposts.ts'
import { ordinalOf } from '../../src/reconcile/plan/stateful-set-identity.ts'
import type { Box } from './fake-docker.ts'
import { ownerOf } from './runs.ts'
import type { Truth } from './truth.ts'

type Taking = Extract<Action, { kind: 'markLeaving' | 'stop' | 'remove' }>

/** Why a pod that serves must not be taken down now; undefined: it may, or it does not serve. */
export function floorProblem(truth: Truth, action: Taking, desired: Workload): string | undefined {
  const engine = truth.engines.get(action.pod.host)
  if ('id' in action && engine?.boxes.get(action.id)?.state !== 'running') return undefined
  const sandbox = truth.podAt(action.pod)
  if (!sandbox || !truth.isAvailable(sandbox, minReadyMsOf(desired)) || truth.seemsCutOff(sandbox)) return undefined
  const why = problemOf(truth, sandbox, desired)
  return why && `${action.kind} of ${action.pod.name}: ${why}`
}

export function minReadyMsOf(desired: Workload): number {
  const { spec } = desired.object
  return 'minReadySeconds' in spec ? (spec.minReadySeconds ?? 0) * 1000 : 0
}

function problemOf(truth: Truth, sandbox: Box, desired: Workload): string | undefined {
  switch (desired.kind) {
    case 'StatefulSet':
      return statefulProblem(truth, sandbox, desired)
    case 'DaemonSet':
      return daemonProblem(truth, sandbox, desired)
    case 'Deployment':
      return countProblem(truth, desired, floorOf(desired))
    case 'ReplicaSet':
      return countProblem(truth, desired, desired.object.spec.replicas - 1)
    default:
      return undefined
  }
}

function countProblem(truth: Truth, desired: Workload, floor: number | undefined): string | undefined {
  const available = availableOf(truth, desired).length - 1
  return floor !== undefined && available < floor ? `leaves ${available} available, the floor is ${floor}` : undefined
}

function availableOf(truth: Truth, desired: Workload): Box[] {
  return truth.sandboxes(ownerOf(desired)).filter((box) => truth.isAvailable(box, minReadyMsOf(desired)))
}

/** Undefined: it may be taken down altogether. */
function floorOf(desired: DesiredDeployment): number | undefined {
  const { replicas, strategy } = desired.object.spec
  if (strategy.type === 'Recreate') return undefined
  const { maxSurge, maxUnavailable } = strategy.rollingUpdate ?? { maxSurge: 0, maxUnavailable: 0 }
  return minAvailable({
    strategy: strategy.type,
    replicas,
    fenceposts: resolveFenceposts(maxSurge, maxUnavailable, replicas),
  })
}

/** Wanted ordinals: those that an update reaches, and no more at once than it may. */
function statefulProblem(truth: Truth, sandbox: Box, desired: DesiredStatefulSet): string | undefined {
  const { name } = desired.object.metadata
  const { ordinals, replicas, updateStrategy, podManagementPolicy } = desired.object.spec
  const start = ordinals?.start ?? 0
  const ordinal = ordinalOf(name, sandbox.pod) ?? -1
  if (ordinal < start || ordinal >= start + replicas) return undefined
  if (updateStrategy.type === 'OnDelete') return 'it is replaced only when it is removed by hand (OnDelete)'
  const { partition = 0, maxUnavailable } = updateStrategy.rollingUpdate ?? {}
  if (ordinal < start + partition) return `it is below the partition ${start + partition}`
  // All at once and without a budget, only the ordinals above it count, as in Kubernetes.
  if (podManagementPolicy !== 'OrderedReady' && maxUnavailable === undefined) return undefined
  const wanted = Array.from({ length: replicas }, (_none, index) => `${name}-${start + index}`)
  const available = new Set(availableOf(truth, desired).map((box) => box.pod))
  const missing = wanted.filter((pod) => !available.has(pod)).length + 1
  const most = Number(maxUnavailable ?? 1)
  return missing > most ? `leaves ${missing} of ${replicas} unavailable, ${most} may be` : undefined
}

/** Hosts that are to have a pod: no more without an available one than may be. */
function daemonProblem(truth: Truth, sandbox: Box, desired: DesiredDaemonSet): string | undefined {
  const { updateStrategy, template } = desired.object.spec
  const wants = template.spec.nodeSelector?.zone
  const served = [...truth.engines.values()].filter(
    (engine) => engine.reachable && (wants === undefined || engine.labels.zone === wants),
  )
  if (!served.some(({ name }) => name === sandbox.host)) return undefined
  const available = availableOf(truth, desired).filter((box) => box.id !== sandbox.id)
  if (available.some((box) => box.host === sandbox.host)) return undefined
  if (updateStrategy.type === 'OnDelete') return 'it is replaced only when it is removed by hand (OnDelete)'
  const missing = served.filter(({ name }) => !available.some((box) => box.host === name)).length
  const most = Number(updateStrategy.rollingUpdate?.maxUnavailable ?? 1)
  return missing > most ? `leaves ${missing} hosts without an available pod, ${most} may be` : undefined
}

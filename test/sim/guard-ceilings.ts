import type { DesiredDaemonSet, DesiredStatefulSet, Workload } from '../../src/reconcile/plan/desired.ts'
import { resolveFenceposts } from '../../src/reconcile/plan/fenceposts.ts'
import { ordinalOf } from '../../src/reconcile/plan/stateful-set-identity.ts'
import type { PodRef, SandboxSpec } from '../../src/runtime/port.ts'
import { minReadyMsOf } from './guard-floors.ts'
import { ownerOf, runOfSpec } from './runs.ts'
import type { Truth } from './truth.ts'

/** Why this pod must not be made now; undefined: it may. */
export function ceilingProblem(truth: Truth, pod: PodRef, sandbox: SandboxSpec, desired: Workload): string | undefined {
  switch (desired.kind) {
    case 'StatefulSet':
      return ordinalProblem(truth, pod, desired)
    case 'DaemonSet':
      return daemonProblem(truth, pod, desired)
    case 'Job':
      return parallelProblem(truth, pod, sandbox, desired.object.spec.parallelism)
    case 'CronJob':
      return parallelProblem(truth, pod, sandbox, desired.object.spec.jobTemplate.spec.parallelism)
    default:
      return countProblem(truth, pod, desired)
  }
}

function countProblem(
  truth: Truth,
  pod: PodRef,
  desired: Exclude<Workload, { kind: 'StatefulSet' | 'DaemonSet' | 'Job' | 'CronJob' }>,
): string | undefined {
  const owner = ownerOf(desired)
  const there = truth.sandboxes(owner).filter((box) => box.pod !== pod.name)
  const most = ceilingOf(desired)
  if (there.length + 1 > most) return `${there.length + 1} pods of ${owner}, the ceiling is ${most}`
  if (desired.kind !== 'Deployment' || desired.object.spec.strategy.type !== 'Recreate') return undefined
  const old = truth
    .boxesOf(owner)
    .find((box) => box.mark.template !== desired.template.hash && box.state === 'running' && !truth.isHidden(box.host))
  return old && `Recreate made ${pod.name} while ${old.pod} of the old revision runs`
}

type Counted = Parameters<typeof countProblem>[2]

function ceilingOf(desired: Counted): number {
  if (desired.kind === 'Pod') return 1
  if (desired.kind !== 'Deployment') return desired.object.spec.replicas
  const { replicas, strategy } = desired.object.spec
  if (strategy.type === 'Recreate') return replicas
  const { maxSurge, maxUnavailable } = strategy.rollingUpdate ?? { maxSurge: 0, maxUnavailable: 0 }
  return replicas + resolveFenceposts(maxSurge, maxUnavailable, replicas).maxSurge
}

/** An ordered set makes an ordinal once all below it are available. */
function ordinalProblem(truth: Truth, pod: PodRef, desired: DesiredStatefulSet): string | undefined {
  const { name } = desired.object.metadata
  const { ordinals, replicas, podManagementPolicy } = desired.object.spec
  const start = ordinals?.start ?? 0
  const ordinal = ordinalOf(name, pod.name)
  if (ordinal === undefined || ordinal < start || ordinal >= start + replicas) return `pod ${pod.name} is not wanted`
  if (podManagementPolicy !== 'OrderedReady') return undefined
  const there = truth.sandboxes(ownerOf(desired))
  for (let lower = start; lower < ordinal; lower += 1) {
    const before = there.find((box) => box.pod === `${name}-${lower}`)
    if (!before || !truth.isAvailable(before, minReadyMsOf(desired))) {
      return `pod ${pod.name} is made before ${name}-${lower} is ready`
    }
  }
  return undefined
}

/** One pod on a host; one more of another revision where the set surges. */
function daemonProblem(truth: Truth, pod: PodRef, desired: DesiredDaemonSet): string | undefined {
  const owner = ownerOf(desired)
  const surges = Number(desired.object.spec.updateStrategy.rollingUpdate?.maxSurge ?? 0) > 0
  const isHere = ({ host, pod: name }: { host: string; pod: string }) => host === pod.host && name !== pod.name
  const here = truth.sandboxes(owner).filter(isHere)
  if (here.length + 1 > (surges ? 2 : 1)) return `${here.length + 1} pods of ${owner} on ${pod.host}`
  const running = truth.boxesOf(owner).find((box) => isHere(box) && box.state === 'running')
  return !surges && running ? `pod ${pod.name} is made while ${running.pod} runs on ${pod.host}` : undefined
}

function parallelProblem(truth: Truth, pod: PodRef, sandbox: SandboxSpec, parallelism: number): string | undefined {
  const run = runOfSpec(sandbox)
  const active = truth
    .sandboxes(sandbox.owner)
    .filter((box) => box.pod !== pod.name && box.sandbox && runOfSpec(box.sandbox) === run && !truth.hasEnded(box))
  return active.length + 1 > parallelism ? `${active.length + 1} pods of ${run}, parallelism ${parallelism}` : undefined
}

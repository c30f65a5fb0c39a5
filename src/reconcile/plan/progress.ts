import type { LiveContainer, LivePod } from '../../runtime/live.ts'
import { hasEnded, isCutOff } from './container-state.ts'
import { roleOf, type Stage, stagesOf } from './start-order.ts'

/** How far a pod has come in the order in which its containers start, since its sandbox last did. */
export interface Progress {
  /** Containers that are to exist now: those of the stage that is due, and what keeps running from the stages before. */
  readonly due: ReadonlySet<string>
  /** Those among them that do not exist. */
  readonly missing: readonly string[]
  /** Of the stage that is due nothing has begun yet: to make it is the next step, not a repair. */
  readonly steps: boolean
  /** A container was started: the pod's volumes were set up before. */
  readonly started: boolean
  /** A main container has begun, so that init containers are of no interest any more. */
  readonly initialized: boolean
  /** Init containers that need not run (again). */
  readonly done: ReadonlySet<string>
}

export function progressOf(pod: LivePod, now: number): Progress {
  const stages = pod.spec ? stagesOf(pod.spec) : []
  const live = new Map(pod.containers.map((container) => [container.name, container]))
  const hasBegun = (name: string): boolean => {
    const container = live.get(name)
    return container !== undefined && begun(container, pod, now)
  }
  const reached = stages.findLastIndex((stage) => stage.names.some(hasBegun))
  const at = frontierOf(stages, reached, live)
  const init = (name: string): boolean => roleOf(pod.spec, name) === 'init'
  const open = stages.slice(0, at + 1).flatMap((stage) => stage.names)
  const done = new Set(stages.slice(0, at).flatMap((stage) => stage.names.filter(init)))
  const due = new Set(open.filter((name) => !done.has(name)))
  return {
    due,
    missing: [...due].filter((name) => !live.has(name)),
    steps: at > reached,
    started: pod.containers.some((container) => container.startedAt !== 0 && begun(container, pod, now)),
    initialized: stages[reached]?.role === 'main',
    done,
  }
}

/** The stage that is due: the last that was reached, or the one after it if nothing holds that back. */
function frontierOf(stages: readonly Stage[], reached: number, live: ReadonlyMap<string, LiveContainer>): number {
  const stage = stages[reached]
  if (!stage) return 0
  return hasPassed(stage, live) ? Math.min(reached + 1, stages.length - 1) : reached
}

function hasPassed(stage: Stage, live: ReadonlyMap<string, LiveContainer>): boolean {
  const container = live.get(stage.hooked ?? stage.names[0] ?? '')
  if (!container) return false
  if (stage.role === 'init') return container.state === 'exited' && container.exitCode === 0
  const { hookDone, started } = container.health
  // Sidecars are waited for until their startup probe succeeds, main containers until their hook has ended.
  if (container.state === 'running' && (stage.role === 'main' ? hookDone : started)) return true
  // The kubelet goes on with the next one when a hook or its container fails.
  return stage.role === 'main' && (hasEnded(container) || container.restarts > 0)
}

/**
 * It was started, or made to be started, since the sandbox last started. Containers are made when their turn has come, so one that is
 * younger than the sandbox's start says that all before it are done, even if they were removed since.
 */
function begun(container: LiveContainer, pod: LivePod, now: number): boolean {
  const { sandbox } = pod
  if (!sandbox || sandbox.state === 'created' || sandbox.state === 'exited') return false
  if (container.startedAt !== 0) return !isCutOff(container, pod, now)
  return sandbox.startedAt > now || container.createdAt >= sandbox.startedAt
}

/** What a pod needs and does not have: nobody but its template can tell how to make it. */
export function lacks(pod: LivePod, now: number): boolean {
  const { done } = progressOf(pod, now)
  const there = new Set(pod.containers.map((container) => container.name))
  const all = pod.spec ? stagesOf(pod.spec).flatMap((stage) => stage.names) : []
  return all.some((name) => !there.has(name) && !done.has(name))
}

import type { Action } from '../../src/reconcile/plan/action.ts'
import { minAvailable, resolveFenceposts } from '../../src/reconcile/plan/fenceposts.ts'
import type { PodRef } from '../../src/runtime/port.ts'
import type { Workload } from './commits.ts'
import { type Box, ours, programOf } from './fake-docker.ts'
import type { FakeRuntime } from './fake-runtime.ts'

/** What Berth must never do, checked against what is true, not against what Berth knows. Answers the broken rule. */
export class Guard {
  readonly #runtime: FakeRuntime
  readonly #now: () => number

  constructor(runtime: FakeRuntime, now: () => number) {
    this.#runtime = runtime
    this.#now = now
  }

  /** Before an action is done for `desired`; undefined: for an object that is gone. */
  check(action: Action, desired: Workload | undefined): string | undefined {
    const hostName = 'pod' in action ? action.pod.host : action.host
    const engine = this.#runtime.engines.get(hostName)
    if (!engine) return `no such host ${hostName}`
    if (!engine.reachable) return `${action.kind} on unreachable host ${hostName}`
    if ('id' in action && engine.boxes.get(action.id)?.installation === '')
      return `${action.kind} on a foreign container`
    if (action.kind === 'createSandbox') return this.#checkCreate(action.pod, desired)
    if (desired && takesDown(action)) return this.#checkFloor(action, desired)
    return undefined
  }

  /** Non-leaving pods of an owner, by their sandboxes. */
  sandboxes(owner: string): Box[] {
    return this.#boxes().filter((box) => box.name === '' && !box.leaving && box.mark.owner === owner)
  }

  /** All that is left of an owner. */
  boxesOf(owner: string): Box[] {
    return this.#boxes().filter((box) => box.mark.owner === owner)
  }

  /** Its sandbox and all its containers run, joined, and were ready for long enough. */
  isAvailable(sandbox: Box, minReadyMs: number): boolean {
    if (sandbox.state !== 'running' || sandbox.leaving) return false
    const engine = this.#runtime.engines.get(sandbox.host)
    const pod = { host: sandbox.host, namespace: sandbox.namespace, name: sandbox.pod }
    return (sandbox.sandbox?.spec.containers ?? []).every(({ name }) => {
      const box = engine?.find(pod, name)
      if (!box || !this.#runtime.isReady(box) || box.startedAt < sandbox.startedAt) return false
      return this.#now() - box.startedAt - (programOf(box.config.image).readyAfterMs ?? 0) >= minReadyMs
    })
  }

  #boxes(): Box[] {
    return [...this.#runtime.engines.values()].flatMap((engine) =>
      [...engine.boxes.values()].filter((box) => box.installation === ours),
    )
  }

  #checkCreate(pod: PodRef, desired: Workload | undefined): string | undefined {
    if (!desired) return `pod ${pod.name} made for an object that is gone`
    const owner = `${desired.kind}/${desired.object.metadata.name}`
    const others = this.#boxes().filter((box) => box.name === '' && box.pod === pod.name && box.host !== pod.host)
    if (others.length > 0) return `pod ${pod.name} exists on ${others[0]?.host} too`
    const there = this.sandboxes(owner).filter((box) => box.pod !== pod.name)
    const most = ceilingOf(desired)
    if (there.length + 1 > most) return `${there.length + 1} pods of ${owner}, the ceiling is ${most}`
    if (desired.kind !== 'Deployment' || desired.object.spec.strategy.type !== 'Recreate') return undefined
    const old = this.boxesOf(owner).find(
      (box) => box.mark.template !== desired.template.hash && box.state === 'running',
    )
    return old && `Recreate made ${pod.name} while ${old.pod} of the old revision runs`
  }

  #checkFloor(action: Extract<Action, { pod: PodRef }>, desired: Workload): string | undefined {
    const floor = floorOf(desired)
    if (floor === undefined) return undefined
    const engine = this.#runtime.engines.get(action.pod.host)
    const sandbox = engine?.find(action.pod, '')
    if ('id' in action && engine?.boxes.get(action.id)?.state !== 'running') return undefined
    const minReadyMs = desired.kind === 'Pod' ? 0 : (desired.object.spec.minReadySeconds ?? 0) * 1000
    if (!sandbox || !this.isAvailable(sandbox, minReadyMs)) return undefined
    const owner = `${desired.kind}/${desired.object.metadata.name}`
    const available = this.sandboxes(owner).filter((box) => this.isAvailable(box, minReadyMs)).length - 1
    return available < floor
      ? `${action.kind} of ${action.pod.name} leaves ${available} available, the floor is ${floor}`
      : undefined
  }
}

function takesDown(action: Action): action is Extract<Action, { kind: 'markLeaving' | 'stop' | 'remove' }> {
  return action.kind === 'markLeaving' || action.kind === 'stop' || action.kind === 'remove'
}

function bounds(desired: Extract<Workload, { kind: 'Deployment' }>) {
  const { replicas, strategy } = desired.object.spec
  const { maxSurge, maxUnavailable } = strategy.rollingUpdate ?? { maxSurge: 0, maxUnavailable: 0 }
  return { strategy: strategy.type, replicas, fenceposts: resolveFenceposts(maxSurge, maxUnavailable, replicas) }
}

function ceilingOf(desired: Workload): number {
  if (desired.kind === 'Pod') return 1
  if (desired.kind === 'ReplicaSet') return desired.object.spec.replicas
  const rollout = bounds(desired)
  return rollout.replicas + (rollout.strategy === 'Recreate' ? 0 : rollout.fenceposts.maxSurge)
}

/** Undefined: it may be taken down altogether. */
function floorOf(desired: Workload): number | undefined {
  if (desired.kind === 'Pod') return undefined
  if (desired.kind === 'ReplicaSet') return desired.object.spec.replicas - 1
  const rollout = bounds(desired)
  return rollout.strategy === 'Recreate' ? undefined : minAvailable(rollout)
}

// Rollout arithmetic, deletion order, phases and waits: from the vectors' words to the planner's functions and back.
import { type Candidate, deletionOrder } from '../../src/reconcile/plan/deletion-order.ts'
import { resolveFenceposts } from '../../src/reconcile/plan/fenceposts.ts'
import { isAvailable, type Phase, podPhase, podReadiness, type RestartPolicy } from '../../src/reconcile/plan/phase.ts'
import { fractionOf, proportionalSizes } from '../../src/reconcile/plan/proportional.ts'
import { pullWaitMs, restartWaitMs, shouldRestart, slowStartBatches } from '../../src/reconcile/plan/restart.ts'
import { expiredRevisions, nextRevision, type OldRevision, sameTemplate } from '../../src/reconcile/plan/revisions.ts'
import {
  cleanupBroken,
  deadlinePassed,
  grownSize,
  newGenerationSize,
  oldGenerationSizes,
  type Rollout,
  type RolloutCounts,
  rolloutComplete,
  rolloutProgressed,
} from '../../src/reconcile/plan/rolling.ts'

interface Bounds {
  readonly strategy?: 'RollingUpdate' | 'Recreate'
  readonly deploymentReplicas: number
  readonly maxSurge: number | string | null
  readonly maxUnavailable: number | string | null
}

function rollout(input: Bounds): Rollout {
  return {
    strategy: input.strategy ?? 'RollingUpdate',
    replicas: input.deploymentReplicas,
    fenceposts: resolveFenceposts(set(input.maxSurge), set(input.maxUnavailable), input.deploymentReplicas),
  }
}

interface OldSet {
  readonly name: string
  readonly replicas: number
  readonly available: number
  readonly ageSeconds: number
}

const rollingSteps = {
  reconcileNewRS: (input: Bounds & { oldReplicas: number; newReplicas: number }) => {
    const size = newGenerationSize(rollout(input), input.oldReplicas + input.newReplicas, input.newReplicas)
    return { newReplicas: size, scaled: size !== input.newReplicas }
  },
  newRSNewReplicas: (input: Bounds & { totalReplicas: number; newReplicas: number }) => ({
    newReplicas: grownSize(rollout(input), input.totalReplicas, input.newReplicas),
  }),
  reconcileOldRSs: (input: Bounds & { newRS: { replicas: number; available: number }; oldRSs: OldSet[] }) => {
    const oldestFirst = [...input.oldRSs].sort((a, b) => b.ageSeconds - a.ageSeconds)
    const sizes = oldGenerationSizes(rollout(input), { name: 'new', ...input.newRS }, oldestFirst)
    return {
      oldReplicas: Object.fromEntries(sizes),
      scaled: oldestFirst.some((old) => sizes.get(old.name) !== old.replicas),
    }
  },
  cleanupUnhealthy: (input: { oldReplicas: number; oldAvailable: number; maxCleanup: number }) => {
    const old = { name: 'old', replicas: input.oldReplicas, available: input.oldAvailable }
    const sizes = cleanupBroken([old], new Map([['old', old.replicas]]), input.maxCleanup)
    return { cleaned: old.replicas - (sizes.get('old') ?? 0) }
  },
  scaleDownOld: (input: Bounds & { oldReplicas: number; oldAvailable: number }) => {
    // Step two alone: what step one would remove is counted as neither available nor broken.
    const unknown = input.oldReplicas - input.oldAvailable
    const old = { name: 'old', replicas: input.oldReplicas, available: input.oldAvailable, unknown }
    return { oldReplicas: oldGenerationSizes(rollout(input), undefined, [old]).get('old') }
  },
  trace: (input: Bounds & { oldReplicas: number }) => trace(rollout(input), input.oldReplicas),
  deploymentComplete: (input: {
    desired: number
    generation: number
    status: RolloutCounts & { observedGeneration: number }
  }) => ({
    complete: rolloutComplete(input.desired, input.status) && input.status.observedGeneration >= input.generation,
  }),
  deploymentProgressing: (input: { oldStatus: RolloutCounts; newStatus: RolloutCounts }) => ({
    progressing: rolloutProgressed(input.oldStatus, input.newStatus),
  }),
  deploymentTimedOut: (input: {
    progressDeadlineSeconds: number | null
    progressingReason: string
    secondsSinceLastUpdate: number
  }) => ({
    timedOut:
      input.progressingReason === 'ProgressDeadlineExceeded' ||
      (input.progressingReason !== 'NewReplicaSetAvailable' &&
        deadlinePassed(input.progressDeadlineSeconds ?? undefined, input.secondsSinceLastUpdate)),
  }),
  cleanupHistory: (input: { revisionHistoryLimit: number | null; oldRSs: OldRevision[] }) => ({
    deleted: expiredRevisions(input.revisionHistoryLimit ?? undefined, input.oldRSs),
  }),
  nextRevision: (input: {
    replicaSets: { name: string; template: string; revision: number; ageSeconds?: number }[]
    desiredTemplate: string
  }) => {
    const known = input.replicaSets.map((set) => ({ ...set, age: set.ageSeconds ?? 0 }))
    const next = nextRevision(known, input.desiredTemplate)
    return { revision: next.revision, reuses: next.reuses ?? null }
  },
  templateEqual: (input: Record<'a' | 'b', { labels?: Record<string, string>; spec: unknown }>) => ({
    equal: sameTemplate(input.a, input.b),
  }),
}

/** Looks at a world in which every pod is available before the next look, until nothing changes. */
function trace(rollout: Rollout, oldReplicas: number): { steps: [number, number][]; peakTotal: number } {
  const steps: [number, number][] = []
  let [old, next] = [oldReplicas, 0]
  let peakTotal = old
  for (;;) {
    const step = rollout.strategy === 'Recreate' ? recreateStep(rollout, old, next) : rollingStep(rollout, old, next)
    if (step[0] === old && step[1] === next) return { steps, peakTotal }
    steps.push(step)
    ;[old, next] = step
    peakTotal = Math.max(peakTotal, old + next)
  }
}

function recreateStep(rollout: Rollout, old: number, next: number): [number, number] {
  return old > 0 ? [0, next] : [0, newGenerationSize(rollout, next, next)]
}

function rollingStep(rollout: Rollout, old: number, next: number): [number, number] {
  const size = newGenerationSize(rollout, old + next, next)
  if (size !== next) return [old, size]
  const sizes = oldGenerationSizes(rollout, { name: 'new', replicas: next, available: next }, [
    { name: 'old', replicas: old, available: old },
  ])
  return [sizes.get('old') ?? 0, next]
}

interface ScaledSet {
  readonly name: string
  readonly replicas: number
  readonly available: number
  readonly ageSeconds: number
  readonly desiredAnnotation: number | null
  readonly maxReplicasAnnotation: number | null
}

const scaledSet = (input: ScaledSet) => ({
  name: input.name,
  replicas: input.replicas,
  available: input.available,
  age: input.ageSeconds,
  desiredThen: input.desiredAnnotation ?? undefined,
  ceilingThen: input.maxReplicasAnnotation ?? undefined,
})

const proportionalScale = {
  scale: (input: { deploymentReplicas: number; maxSurge: number; newRS: ScaledSet | null; oldRSs: ScaledSet[] }) => ({
    replicas: Object.fromEntries(
      proportionalSizes(
        input.deploymentReplicas,
        input.maxSurge,
        input.newRS ? scaledSet(input.newRS) : undefined,
        input.oldRSs.map(scaledSet),
      ),
    ),
  }),
  fraction: (input: {
    deploymentReplicas: number
    maxSurge: number
    deploymentStatusReplicas: number
    rsReplicas: number
    maxReplicasAnnotation: number | null
  }) => ({
    fraction: fractionOf(
      { replicas: input.rsReplicas, ceilingThen: input.maxReplicasAnnotation ?? undefined },
      input.deploymentReplicas,
      input.maxSurge,
      input.deploymentStatusReplicas,
    ),
  }),
}

interface VectorPod {
  readonly name: string
  readonly uid: string
  readonly node: string | null
  readonly phase: Candidate['phase']
  readonly readySecondsAgo: number | null
  readonly restarts: number
  readonly createdSecondsAgo: number
  readonly deletionCost?: number
}

const now = 10_000_000_000

const deletionOrderTopic = {
  podsToDelete: (input: { pods: VectorPod[]; count: number }) => ({
    delete: deletionOrder(input.pods.map(candidate), now)
      .slice(0, input.count)
      .map((pod) => pod.name),
  }),
}

function candidate(pod: VectorPod): Candidate {
  return {
    name: pod.name,
    uid: pod.uid,
    host: pod.node ?? undefined,
    phase: pod.phase,
    ready: pod.readySecondsAgo !== null,
    readySince: pod.readySecondsAgo === null ? undefined : now - pod.readySecondsAgo * 1000,
    deletionCost: pod.deletionCost ?? 0,
    restarts: pod.restarts,
    createdAt: now - pod.createdSecondsAgo * 1000,
  }
}

interface VectorContainer {
  readonly state: 'running' | 'waiting' | 'terminated' | null
  readonly exitCode?: number
  readonly lastExitCode?: number
  readonly restartPolicy?: string
  readonly started?: boolean
}

const report = ({ state, exitCode, lastExitCode }: VectorContainer) =>
  state === null
    ? undefined
    : {
        state,
        ...(exitCode === undefined ? {} : { exitCode }),
        ...(lastExitCode === undefined ? {} : { lastExitCode }),
      }

function initReport(container: VectorContainer) {
  const base = report(container)
  return base && { ...base, sidecar: container.restartPolicy === 'Always', started: container.started ?? false }
}

const podStatus = {
  phase: (input: {
    restartPolicy: RestartPolicy
    initContainers: VectorContainer[]
    containers: VectorContainer[]
    podIsTerminal: boolean
    podWasInitialized: boolean
  }) => ({
    phase: podPhase({
      restartPolicy: input.restartPolicy,
      initContainers: input.initContainers.map(initReport),
      containers: input.containers.map(report),
      terminal: input.podIsTerminal,
      initialized: input.podWasInitialized,
    }),
  }),
  ready: (input: {
    phase: Phase
    containersReady: boolean[]
    readinessGates: string[]
    conditions: Record<string, string>
  }) => {
    const result = podReadiness(input.phase, input.containersReady, input.readinessGates, input.conditions)
    return {
      podReady: result.podReady,
      containersReadyCondition: result.containersReady,
      reason: result.reason ?? null,
    }
  },
  available: (input: { ready: boolean; minReadySeconds: number; secondsSinceReady: number }) => ({
    available: isAvailable(input.ready, input.minReadySeconds * 1000, input.secondsSinceReady * 1000),
  }),
}

const backoff = {
  crashLoop: (input: { initialSeconds: number; maxSeconds: number; runSeconds: number[] }) => {
    let waitMs = 0
    const waits = input.runSeconds.map((ran, restarts) => {
      waitMs = restartWaitMs(
        { restarts, backoffMs: waitMs, ranMs: ran * 1000 },
        input.initialSeconds * 1000,
        input.maxSeconds * 1000,
      )
      return waitMs / 1000
    })
    return { waitBeforeRestartSeconds: waits }
  },
  shouldRestart: (input: { restartPolicy: RestartPolicy; exitCode: number }) => ({
    restart: shouldRestart(input.restartPolicy, input.exitCode),
  }),
  imagePullBackoff: (input: { attempt: number }) => ({ waitSeconds: pullWaitMs(input.attempt) / 1000 }),
  slowStart: (input: { count: number; firstErrorAtItem: number | null }) => ({
    batches: slowStartBatches(input.count, input.firstErrorAtItem ?? undefined),
  }),
}

function set(value: number | string | null): number | string | undefined {
  return value ?? undefined
}

export const rolloutAdapters = {
  'rolling-steps': rollingSteps,
  'proportional-scale': proportionalScale,
  'deletion-order': deletionOrderTopic,
  'pod-status': podStatus,
  backoff,
}

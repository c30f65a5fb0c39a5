import type { Health, ObjectStatus } from './action.ts'
import type { Making } from './make.ts'
import type { Observed } from './observe.ts'
import { deadlinePassed, type Rollout, rolloutComplete } from './rolling.ts'
import type { Roster } from './roster.ts'
import type { LookAgain } from './time.ts'

interface Progress {
  /** Pods that this look wants to make. */
  readonly decision: number
  readonly making: Making
}

interface Verdict {
  readonly health: Health
  readonly message: string
  readonly failed: boolean
}

/** A Deployment's line in the report, and when its progress deadline has to be looked at. */
export function deploymentStatus(
  roster: Roster,
  rollout: Rollout,
  progress: Progress,
): { readonly object: ObjectStatus; readonly again: LookAgain | undefined } {
  const { desired, current, old } = roster
  if (desired.kind !== 'Deployment') throw new TypeError(`${desired.kind} is no Deployment`)
  const synced = old.length === 0 && current.length === rollout.replicas
  const complete = rolloutComplete(rollout.replicas, {
    replicas: current.length + old.length,
    updatedReplicas: current.length,
    availableReplicas: current.filter(({ bucket }) => bucket === 'available').length,
  })
  const seconds = desired.object.spec.progressDeadlineSeconds
  const paused = desired.object.spec.paused ?? false
  const sinceMs = lastProgress(roster)
  const late = !complete && !paused && deadlinePassed(seconds, (roster.view.now - sinceMs) / 1000)
  const waits = !complete && !paused && !late && deadlinePassed(seconds, Number.POSITIVE_INFINITY)
  const verdict = judge(roster, rollout, progress, { complete, late, paused, seconds })
  return {
    object: statusLine(roster, rollout.replicas, synced, verdict),
    again: waits ? { at: sinceMs + seconds * 1000 + 1, reason: 'progress deadline' } : undefined,
  }
}

/** The newest sign of progress among the new pods; before the first of them, the moment when they became wanted. */
function lastProgress(roster: Roster): number {
  const signs = roster.current.flatMap(({ pod, readySince }) => [pod.createdAt, readySince ?? 0])
  return Math.max(roster.desired.since, ...signs)
}

interface Stage {
  readonly complete: boolean
  readonly late: boolean
  readonly paused: boolean
  readonly seconds: number
}

function judge(roster: Roster, rollout: Rollout, progress: Progress, stage: Stage): Verdict {
  if (stage.complete)
    return { health: stage.paused ? 'Suspended' : 'Healthy', message: stage.paused ? 'paused' : '', failed: false }
  const looping = roster.current.find(({ crashLooping }) => crashLooping)
  const doing = rolloutText(roster, rollout, progress)
  if (looping) return { health: 'Degraded', failed: true, message: `${looping.problem} (pod ${looping.pod.name})` }
  if (stage.late) {
    const message = `ProgressDeadlineExceeded: no progress for ${stage.seconds} s: ${doing}`
    return { health: 'Degraded', failed: true, message }
  }
  if (stage.paused) return { health: 'Suspended', failed: false, message: `paused: ${doing}` }
  if (progress.making.failed) {
    return { health: 'Degraded', failed: progress.making.hopeless ?? false, message: progress.making.message }
  }
  if (allPods(roster).some(({ reachable }) => !reachable)) return { health: 'Degraded', failed: false, message: doing }
  if (isMissing(roster, progress)) return { health: 'Missing', failed: false, message: 'no pod exists yet' }
  return { health: 'Progressing', failed: false, message: doing }
}

function isMissing(roster: Roster, progress: Progress): boolean {
  return roster.pods.length === 0 && progress.making.message === ''
}

/** `2 of 5 pods updated, waiting for web-…-1: readiness: HTTP 503`. */
function rolloutText(roster: Roster, rollout: Rollout, progress: Progress): string {
  const { current, old } = roster
  const available = current.filter(({ bucket }) => bucket === 'available').length
  const counts =
    old.length > 0
      ? `${current.length} of ${rollout.replicas} pods updated, ${old.length} of an older revision`
      : `${available} of ${rollout.replicas} pods available`
  return [counts, progress.making.message, waitingText(roster)].filter((part) => part !== '').join(', ')
}

/** The first pod that holds things up; pods on hosts that do not answer are neither replaced nor removed. */
export function waitingText(roster: Roster): string {
  const gone = allPods(roster).filter(({ reachable }) => !reachable)
  const [first] = gone
  if (first) {
    const pods = gone.length === 1 ? `pod ${first.pod.name}` : `${gone.length} pods`
    return `${pods} kept as unknown: ${first.problem}`
  }
  const slow =
    roster.current.find(({ bucket }) => bucket === 'unready') ?? roster.old.find(({ bucket }) => bucket === 'unready')
  if (slow) return `waiting for ${slow.pod.name}: ${slow.problem}`
  const joining = allPods(roster).find((observed) => observed.joining && observed.bucket === 'ready')
  if (joining) return `waiting for ${joining.pod.name}: ${joining.problem}`
  const leaving = roster.pods.find(({ bucket }) => bucket === 'leaving')
  return leaving ? `${leaving.pod.name} is ending` : ''
}

export function statusLine(roster: Roster, replicas: number, synced: boolean, verdict: Verdict): ObjectStatus {
  const ready = allPods(roster).filter((observed) => observed.ready).length
  const drifted = [...roster.drift.values()].some((differences) => differences.length > 0)
  return {
    kind: roster.desired.kind,
    namespace: roster.namespace,
    name: roster.desired.object.metadata.name,
    sync: synced && !drifted ? 'Synced' : 'OutOfSync',
    health: verdict.health,
    ready: `${ready}/${replicas}`,
    message: verdict.message,
    failed: verdict.failed,
  }
}

function allPods(roster: Roster): readonly Observed[] {
  return [...roster.current, ...roster.old]
}

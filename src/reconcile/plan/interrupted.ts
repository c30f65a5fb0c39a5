// Runs of CronJobs that a change of the template has cut off in the middle: they are made again, and not forgotten before.
import type { LivePod } from '../../runtime/live.ts'
import { isAlive } from './container-state.ts'
import type { Template } from './desired.ts'
import { emptiedForGood } from './files-of-pod.ts'
import type { JobPod } from './job-pods.ts'
import { planLeaving, planSetAside } from './leave.ts'
import { phaseOf } from './observe.ts'
import { lacks } from './progress.ts'
import { lostCause, type Rest, type Roster } from './roster.ts'

/** Its work has not ended, and only its own template, which is another one by now, could tell how to go on with it. */
export function isInterrupted(pod: LivePod, template: Template, now: number): boolean {
  if (!pod.sandbox || pod.template === template.hash) return false
  const { phase } = phaseOf(pod, now)
  // One that is leaving was told to end: that it failed then says nothing.
  if (phase === 'Succeeded' || (phase === 'Failed' && !pod.leaving)) return false
  return lacks(pod, now) || emptiedForGood(pod, template, now)
}

/**
 * All that is left of a run are interrupted pods: they are marked and stopped, but not removed. Nothing else says that the run is to be
 * made again, and for which time it was due. Answers what there is to do about each of them, by name.
 */
export function keptForHeirs(roster: Roster, pods: readonly JobPod[]): ReadonlyMap<string, Rest> {
  if (pods.some(({ state }) => state !== 'ending')) return new Map()
  const { desired, view } = roster
  const interrupted = pods
    .map(({ observed }) => observed)
    .filter(({ pod, reachable }) => {
      return reachable && isInterrupted(pod, desired.template, view.now)
    })
  return new Map(interrupted.map(({ pod }) => [pod.name, restOf(roster, pod)]))
}

function restOf(roster: Roster, pod: LivePod): Rest {
  if (!pod.leaving) return { tasks: [planSetAside(pod, lostCause(roster, pod))] }
  const runs = [...pod.containers, ...pod.leftovers].some(isAlive)
  return runs ? planLeaving(pod, roster.view.now) : { tasks: [] }
}

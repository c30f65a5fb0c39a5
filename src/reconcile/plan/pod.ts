import type { LivePod } from '../../runtime/live.ts'
import type { Plan } from './action.ts'
import type { DesiredPod, View } from './desired.ts'
import { planLeave } from './leave.ts'
import { type Making, makePods } from './make.ts'
import type { Observed } from './observe.ts'
import { overPods, planRecorded, podRecords, recordedVerdict, recordPod, removeOutdated } from './pod-record.ts'
import { preflight } from './preflight.ts'
import { statusLine } from './rollout-status.ts'
import { driftText, planRest, type Roster, takeRoster } from './roster.ts'
import { mayBeElsewhere } from './silent-hosts.ts'
import { earliest } from './time.ts'

/**
 * One pod under its own name. A change that needs a new container means downtime: the old pod has to be gone first, and it is only taken
 * away once the new one's images and references are there. A pod that ended for good stays as it is.
 */
export function planPod(desired: DesiredPod, view: View): Plan {
  const roster = takeRoster(desired, view, 0)
  const records = podRecords(desired, view)
  const outdated = removeOutdated(records, view)
  if (records.ended) {
    const status = statusLine(roster, 1, true, recordedVerdict(records.ended))
    const { tasks, again } = planRecorded(roster)
    return { tasks: [...tasks, ...outdated], status, lookAgainAt: again?.at, lookAgainFor: again?.reason ?? '' }
  }
  const { name } = desired.object.metadata
  const stale = [...roster.old, ...staleFinished(roster)].filter(({ reachable }) => reachable)
  const elsewhere = mayBeElsewhere(roster, name)
  const blocked = stale.length > 0 ? unmade(roster, stale, elsewhere) : undefined
  const leavers = blocked ? [] : stale
  const leaving = leavers.map(({ pod }) => planLeave(pod, staleCause(roster, pod), 'downtime'))
  const over = overPods(roster)
  const there = roster.pods.some(({ bucket }) => bucket !== 'lost') || over.length > 0
  const count = there || elsewhere ? 0 : 1
  const made = makePods(roster, { count, cause: 'wanted', effect: 'none', name })
  const making = elsewhere && !there ? { ...made, message: elsewhere } : made
  const remains = over.filter(({ bucket }) => bucket === 'lost')
  const taken = [...leavers, ...remains].map(({ pod }) => pod.name)
  const rest = planRest(roster, new Set([...making.names, ...taken]))
  const recording = over.flatMap((observed) => recordPod(desired, observed, view))
  const soon = recording.length > 0 ? { at: view.now + 1000, reason: 'its end is being recorded' } : undefined
  const again = earliest([rest.again, making.again, blocked?.again, soon])
  const synced = roster.current.length === 1 || (roster.pods.length === 1 && roster.pods[0]?.bucket === 'finished')
  return {
    tasks: [...rest.tasks, ...recording, ...outdated, ...(blocked?.tasks ?? []), ...making.tasks, ...leaving],
    status: statusLine(roster, 1, synced && stale.length === 0, judge(roster, blocked ?? making)),
    lookAgainAt: again?.at,
    lookAgainFor: again?.reason ?? '',
  }
}

/** Why nothing could be made in place of a pod that is taken away. */
function unmade(roster: Roster, stale: readonly Observed[], elsewhere: string | undefined): Making | undefined {
  const lacking = preflight(
    roster,
    stale.map(({ pod }) => pod.host),
  )
  return (
    lacking ?? (elsewhere ? { tasks: [], names: [], message: elsewhere, failed: false, again: undefined } : undefined)
  )
}

/** Ended pods are kept, unless the manifest has changed since. */
function staleFinished(roster: Roster): Observed[] {
  return roster.pods.filter(({ bucket, pod }) => bucket === 'finished' && pod.template !== roster.desired.template.hash)
}

function staleCause(roster: Roster, pod: LivePod): string {
  if (pod.template !== roster.desired.template.hash) return `old revision ${pod.template}`
  return `changed by hand: ${driftText(roster.drift.get(pod) ?? [])}`
}

function judge(roster: Roster, making: Making) {
  const [observed] = roster.pods.filter(({ bucket }) => bucket !== 'leaving')
  if (making.failed) return { health: 'Degraded', message: making.message, failed: making.hopeless ?? false } as const
  if (!observed) {
    const missing = roster.pods.length === 0 && making.message === ''
    const message = making.message || (missing ? 'no pod exists yet' : 'the old pod is ending')
    return { health: missing ? 'Missing' : 'Progressing', message, failed: false } as const
  }
  if (observed.phase === 'Succeeded') return { health: 'Healthy', message: 'Succeeded', failed: false } as const
  if (observed.phase === 'Failed') {
    return { health: 'Degraded', message: `Failed: ${observed.problem}`, failed: true } as const
  }
  if (observed.bucket === 'available' && roster.old.length === 0) {
    return { health: 'Healthy', message: '', failed: false } as const
  }
  if (observed.crashLooping) return { health: 'Degraded', message: observed.problem, failed: true } as const
  const health = observed.reachable ? 'Progressing' : 'Degraded'
  return { health, message: observed.problem || making.message || 'is being replaced', failed: false } as const
}

import type { Plan } from './action.ts'
import { chooseVictims } from './choose.ts'
import type { DesiredReplicaSet, DesiredReplicationController, View } from './desired.ts'
import { planLeave } from './leave.ts'
import { type Making, makePods } from './make.ts'
import type { Observed } from './observe.ts'
import { statusLine, waitingText } from './rollout-status.ts'
import { doomed, driftText, planRest, type Roster, takeRoster, withoutRepeats } from './roster.ts'
import { earliest } from './time.ts'

/**
 * Keeps `replicas` pods. As in Kubernetes a new template is for new pods only: those that run stay. Pods that were changed by hand are
 * replaced one at a time, while all others are available.
 */
export function planReplicaSet(desired: DesiredReplicaSet | DesiredReplicationController, view: View): Plan {
  const roster = takeRoster(desired, view, (desired.object.spec.minReadySeconds ?? 0) * 1000)
  const { replicas } = desired
  const pods = [...roster.current, ...roster.old]
  const surplus = chooseVictims(pods, pods.length - replicas, pods, replicas, view.now)
  const changed = surplus.length > 0 ? undefined : changedVictim(roster, replicas)
  const kept = changed ? view.protects(changed.pod) : ''
  const victims = changed && kept === '' ? [changed] : surplus
  const cause = (observed: Observed): string =>
    surplus.length > 0
      ? `scaled down to ${replicas}`
      : `changed by hand: ${driftText(roster.drift.get(observed.pod) ?? [])}`
  const making = makePods(roster, {
    count: replicas - pods.length - doomed(roster),
    cause: `${replicas} ${replicas === 1 ? 'replica' : 'replicas'} wanted`,
    effect: 'none',
  })
  const rest = planRest(roster, new Set([...making.names, ...victims.map(({ pod }) => pod.name)]))
  const leaving = victims.map((victim) => planLeave(victim.pod, cause(victim), surplus.length > 0 ? 'none' : 'rolling'))
  const budgetLook = kept === '' ? undefined : { at: view.now + budgetLookMs, reason: 'a budget may allow more' }
  const again = earliest([rest.again, making.again, budgetLook])
  return {
    tasks: withoutRepeats([...rest.tasks, ...making.tasks, ...leaving]),
    status: statusLine(roster, replicas, pods.length === replicas, judge(roster, replicas, making, kept)),
    lookAgainAt: again?.at,
    lookAgainFor: again?.reason ?? '',
  }
}

/** Budgets change with the pods of other objects, which wake those, not this one. */
const budgetLookMs = 10_000

/** One pod that drifted, when at most it is missing; a broken one goes first. */
function changedVictim(roster: Roster, replicas: number): Observed | undefined {
  const { hash } = roster.desired.template
  const changed = roster.old.filter(({ pod }) => pod.template === hash)
  const all = [...roster.current, ...roster.old]
  const whole = all.length === replicas && all.every(({ bucket }) => bucket === 'available')
  const broken = changed.filter(({ bucket }) => bucket === 'unready')
  const group = broken.length > 0 || !whole ? broken : changed
  const [victim] = chooseVictims(group, 1, all, replicas - 1, roster.view.now)
  return victim
}

/** `held`: why a pod that was changed by hand is not replaced now. */
function judge(roster: Roster, replicas: number, making: Making, held: string) {
  const pods = [...roster.current, ...roster.old]
  const available = pods.filter(({ bucket }) => bucket === 'available').length
  const older = roster.old.filter(({ pod }) => pod.template !== roster.desired.template.hash).length
  const kept = older > 0 ? `${older} of an older template, which a ${roster.desired.kind} keeps` : ''
  const counts = `${available} of ${replicas} pods available`
  const text = (parts: readonly string[]): string => parts.filter((part) => part !== '').join(', ')
  if (available === replicas && pods.length === replicas) {
    return { health: 'Healthy', message: text([kept, held]), failed: false } as const
  }
  const looping = pods.find(({ crashLooping }) => crashLooping)
  if (looping) {
    return { health: 'Degraded', failed: true, message: `${looping.problem} (pod ${looping.pod.name})` } as const
  }
  if (making.failed) return { health: 'Degraded', failed: making.hopeless ?? false, message: making.message } as const
  const message = text([counts, kept, held, making.message, waitingText(roster)])
  if (pods.some(({ reachable }) => !reachable)) return { health: 'Degraded', failed: false, message } as const
  const missing = roster.pods.length === 0 && making.message === ''
  return { health: missing ? 'Missing' : 'Progressing', failed: false, message } as const
}

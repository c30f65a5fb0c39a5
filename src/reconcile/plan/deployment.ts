import type { Effect, Plan } from './action.ts'
import { chooseVictims } from './choose.ts'
import type { DesiredDeployment, View } from './desired.ts'
import { minAvailable, resolveFenceposts } from './fenceposts.ts'
import { planLeave } from './leave.ts'
import { type Making, makePods } from './make.ts'
import type { Observed } from './observe.ts'
import { preflight } from './preflight.ts'
import { proportionalSizes } from './proportional.ts'
import { type Generation, newGenerationSize, oldGenerationSizes, type Rollout, sum } from './rolling.ts'
import { deploymentStatus } from './rollout-status.ts'
import { doomed, driftText, planRest, type Roster, takeRoster, withoutRepeats } from './roster.ts'
import { earliest } from './time.ts'

/** How many pods to make, and which to take out. */
interface Decision {
  readonly create: number
  readonly victims: readonly Victim[]
}

interface Victim {
  readonly observed: Observed
  readonly cause: string
  readonly effect: Effect
}

const nothing: Decision = { create: 0, victims: [] }

/**
 * Kubernetes' Deployment, without stored ReplicaSets: its pods, grouped by template hash, are the generations. Leaving pods count
 * neither for the ceiling nor for the floor, as terminating ones do there.
 */
export function planDeployment(desired: DesiredDeployment, view: View): Plan {
  const roster = takeRoster(desired, view, (desired.object.spec.minReadySeconds ?? 0) * 1000)
  const rollout = rolloutOf(desired)
  const decision = decide(roster, rollout, desired.object.spec.paused ?? false)
  const making = makeFor(roster, decision, rollout)
  const preflight = preflightOf(roster, rollout, decision)
  const victims = preflight ? sparedVictims(roster, rollout, decision.victims) : decision.victims
  const leaving = victims.map(({ observed, cause, effect }) => planLeave(observed.pod, cause, effect))
  const taken = new Set([...making.names, ...victims.map(({ observed }) => observed.pod.name)])
  const rest = planRest(roster, taken)
  const blocked = preflight ?? making
  const status = deploymentStatus(roster, rollout, { decision: decision.create, making: blocked })
  const again = earliest([rest.again, making.again, preflight?.again, status.again])
  return {
    tasks: withoutRepeats([...rest.tasks, ...(preflight?.tasks ?? []), ...making.tasks, ...leaving]),
    status: status.object,
    lookAgainAt: again?.at,
    lookAgainFor: again?.reason ?? '',
  }
}

function rolloutOf(desired: DesiredDeployment): Rollout {
  const { replicas } = desired
  const { strategy } = desired.object.spec
  const { maxSurge, maxUnavailable } = strategy.rollingUpdate ?? { maxSurge: 0, maxUnavailable: 0 }
  return { strategy: strategy.type, replicas, fenceposts: resolveFenceposts(maxSurge, maxUnavailable, replicas) }
}

function decide(roster: Roster, rollout: Rollout, paused: boolean): Decision {
  if (paused) return scaleOnly(roster, rollout)
  return rollout.strategy === 'Recreate' ? recreate(roster, rollout) : roll(roster, rollout)
}

function roll(roster: Roster, rollout: Rollout): Decision {
  const { current, old } = roster
  const size = newGenerationSize(rollout, current.length + old.length, current.length)
  if (size < current.length) return shrink(roster, rollout, current.length - size)
  const groups = generationsOf(roster)
  const next = counted('next', current)
  const sizes = oldGenerationSizes(
    rollout,
    { ...next, replicas: size },
    groups.map(([name, pods]) => counted(name, pods)),
  )
  const victims = groups.flatMap(([name, pods]) => oldVictims(roster, rollout, pods, sizes.get(name) ?? pods.length))
  const kept = victims.length === 0 ? old.length : old.length - victims.length
  const excess = current.length + kept - rollout.replicas - rollout.fenceposts.maxSurge
  return {
    create: isHopeless(roster) ? 0 : size - current.length - doomed(roster),
    victims: withinFloor([...victims, ...surplus(roster, excess)], roster, rollout),
  }
}

/** Broken pods go without asking; the floor is checked for all victims together, as several groups shrink at once. */
function withinFloor(victims: readonly Victim[], roster: Roster, rollout: Rollout): Victim[] {
  let available = [...roster.current, ...roster.old].filter(({ bucket }) => bucket === 'available').length
  return victims.filter(({ observed }) => {
    if (observed.bucket !== 'available') return true
    if (available <= minAvailable(rollout)) return false
    available -= 1
    return true
  })
}

function oldVictims(roster: Roster, rollout: Rollout, group: readonly Observed[], size: number): Victim[] {
  const all = [...roster.current, ...roster.old]
  const victims = chooseVictims(group, group.length - size, all, minAvailable(rollout), roster.view.now)
  return victims.map((observed) => ({ observed, cause: oldCause(roster, observed), effect: 'rolling' }))
}

function oldCause(roster: Roster, { pod }: Observed): string {
  if (pod.template !== roster.desired.template.hash) return `old revision ${pod.template}`
  return `changed by hand: ${driftText(roster.drift.get(pod) ?? [])}`
}

/** New pods that are not ready and stand above the ceiling, after the Deployment was made smaller in mid-rollout. */
function surplus(roster: Roster, excess: number): Victim[] {
  if (excess <= 0) return []
  const broken = roster.current.filter(({ bucket }) => bucket === 'unready')
  const cause = `above the ceiling of the rollout`
  return chooseVictims(broken, excess, broken, 0, roster.view.now).map((observed) => ({
    observed,
    cause,
    effect: 'none',
  }))
}

/** The new revision crashes again and again and no pod of it works: more of them would not help. */
function isHopeless(roster: Roster): boolean {
  return roster.current.some(({ crashLooping }) => crashLooping) && !roster.current.some(({ ready }) => ready)
}

function shrink(roster: Roster, rollout: Rollout, count: number): Decision {
  return { create: 0, victims: scaledDown(roster, rollout, roster.current, count) }
}

function scaledDown(roster: Roster, rollout: Rollout, group: readonly Observed[], count: number): Victim[] {
  const floor = minAvailable({ ...rollout, strategy: 'RollingUpdate' })
  const victims = chooseVictims(group, count, [...roster.current, ...roster.old], floor, roster.view.now)
  return victims.map((observed) => ({ observed, cause: `scaled down to ${rollout.replicas}`, effect: 'none' }))
}

/** All old pods go, and only when they have really gone (leaving ones included) the new ones are made. */
function recreate(roster: Roster, rollout: Rollout): Decision {
  const { current, old } = roster
  if (old.length > 0) {
    const victims = old
      .filter(({ bucket, reachable }) => reachable && bucket !== 'leaving')
      .map((observed) => ({ observed, cause: oldCause(roster, observed), effect: 'downtime' as const }))
    return { create: 0, victims }
  }
  if (oldIsLeaving(roster)) return nothing
  if (current.length > rollout.replicas) return shrink(roster, rollout, current.length - rollout.replicas)
  return { create: isHopeless(roster) ? 0 : rollout.replicas - current.length, victims: [] }
}

function oldIsLeaving(roster: Roster): boolean {
  return roster.pods.some(
    ({ pod, bucket }) => (bucket === 'leaving' || bucket === 'lost') && pod.template !== roster.desired.template.hash,
  )
}

function preflightOf(roster: Roster, rollout: Rollout, decision: Decision): Making | undefined {
  if (roster.current.length >= rollout.replicas) return undefined
  return preflight(
    roster,
    decision.victims.map(({ observed }) => observed.pod.host),
  )
}

/** As long as new pods could not be made: broken old ones, and what stands above the wanted number. */
function sparedVictims(roster: Roster, rollout: Rollout, victims: readonly Victim[]): Victim[] {
  if (rollout.strategy === 'Recreate') return []
  let spare = roster.current.length + roster.old.length - rollout.replicas
  return victims.filter(({ observed }) => {
    spare -= 1
    return observed.bucket === 'unready' || spare >= 0
  })
}

/**
 * A paused Deployment is only scaled; the revision that would come next waits, and so does drift. Between several revisions a change of
 * size is shared, as if the last one had left them full.
 */
function scaleOnly(roster: Roster, rollout: Rollout): Decision {
  const { current, old } = roster
  const total = current.length + old.length
  const { maxSurge } = rollout.fenceposts
  const most = current.length === 0 || old.length === 0 ? rollout.replicas : rollout.replicas + maxSurge
  if (total <= most) return { create: missingNow(roster, rollout), victims: [] }
  const groups = [['next', current] as const, ...generationsOf(roster).toReversed()]
  const [next, ...others] = groups.map(([name, pods], age) => ({
    ...{ name, replicas: pods.length, available: counted(name, pods).available, age },
    ...{ desiredThen: undefined, ceilingThen: total },
  }))
  const sizes = proportionalSizes(rollout.replicas, maxSurge, next, others)
  const shrunk = groups.flatMap(([name, pods]) =>
    scaledDown(roster, rollout, pods, pods.length - (sizes.get(name) ?? pods.length)),
  )
  return { create: 0, victims: withinFloor(shrunk, roster, { ...rollout, strategy: 'RollingUpdate' }) }
}

/** Pods of the last revision that a paused Deployment may make now, if it has begun to come. */
function missingNow(roster: Roster, rollout: Rollout): number {
  const { current, old } = roster
  const isAlone = old.length === 0 && !oldIsLeaving(roster)
  if (current.length === 0 || (rollout.strategy === 'Recreate' && !isAlone)) return 0
  return Math.max(0, rollout.replicas - current.length - old.length - doomed(roster))
}

function makeFor(roster: Roster, decision: Decision, rollout: Rollout): Making {
  const replaced = roster.old[0]
  const cause = replaced
    ? replaced.pod.template === roster.desired.template.hash
      ? `replaces ${replaced.pod.name}, ${oldCause(roster, replaced)}`
      : `replaces revision ${replaced.pod.template}`
    : `${rollout.replicas} ${rollout.replicas === 1 ? 'replica' : 'replicas'} wanted`
  return makePods(roster, { count: decision.create, cause, effect: replaced ? 'rolling' : 'none' })
}

/** Old pods by template hash, oldest first; pods of the wanted template that were changed by hand come last. */
function generationsOf(roster: Roster): (readonly [name: string, pods: readonly Observed[]])[] {
  const groups = Map.groupBy(roster.old, ({ pod }) => pod.template)
  const { hash } = roster.desired.template
  const age = (pods: readonly Observed[]): number => Math.min(...pods.map(({ pod }) => pod.createdAt))
  return [...groups].sort(
    ([a, podsOfA], [b, podsOfB]) =>
      Number(a === hash) - Number(b === hash) || age(podsOfA) - age(podsOfB) || (a < b ? -1 : 1),
  )
}

function counted(name: string, pods: readonly Observed[]): Generation {
  return {
    name,
    replicas: pods.length,
    available: sum(pods, ({ bucket }) => Number(bucket === 'available')),
    unknown: sum(pods, ({ bucket }) => Number(bucket === 'unknown')),
  }
}

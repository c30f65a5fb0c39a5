import { type IntOrPercent, scaledValue } from '../../manifests/int-or-percent.ts'
import type { LivePod } from '../../runtime/live.ts'
import type { Plan } from './action.ts'
import type { DesiredStatefulSet, View } from './desired.ts'
import { planLeave } from './leave.ts'
import { makePods } from './make.ts'
import type { Observed } from './observe.ts'
import { preflight } from './preflight.ts'
import { driftText, planRest, type Roster, takeRoster, withoutRepeats } from './roster.ts'
import { mayBeElsewhere } from './silent-hosts.ts'
import { withClaims } from './stateful-set-claims.ts'
import { hostNameOf, ordinalName, ordinalOf } from './stateful-set-identity.ts'
import { statefulSetStatus } from './stateful-set-status.ts'
import { isWanted, type Member, type OrdinalSet, syncOrdinals } from './stateful-set-sync.ts'
import { earliest } from './time.ts'

/** The pods of one ordinal: one, but for accidents. */
export interface Seat {
  readonly ordinal: number
  readonly pods: readonly Observed[]
}

/**
 * Pods with names that stay. What is done in one look is `syncOrdinals`' decision. Other than in Kubernetes nothing is taken away before
 * the new revision's images and references are there, and a broken pod of a revision that is not wanted any more does not hold up its
 * replacement.
 */
export function planStatefulSet(desired: DesiredStatefulSet, view: View): Plan {
  const roster = takeRoster(desired, view, (desired.object.spec.minReadySeconds ?? 0) * 1000)
  const seats = seatsOf(desired, roster)
  const set = ordinalSetOf(desired, roster)
  const decision = decide(roster, set, seats)
  const held = preflight(
    roster,
    decision.outdated.map(({ pod }) => pod.host),
    decision.outdated.map(({ pod }) => pod.name),
  )
  const outdated = held ? [] : decision.outdated.filter(({ pod }) => mayBeElsewhere(roster, pod.name) === undefined)
  const free = decision.create.filter((name) => mayBeElsewhere(roster, name) === undefined)
  const making = makePods(roster, {
    ...creation(roster, set),
    count: free.length,
    seats: free.map((name) => ({ name, hostname: hostNameOf(name) })),
  })
  const leaving = [
    ...decision.victims.map(({ observed, cause }) => planLeave(observed.pod, cause, 'none')),
    ...outdated.map(({ pod }) => planLeave(pod, staleCause(roster, pod), set.replicas > 1 ? 'rolling' : 'downtime')),
  ]
  const taken = [...decision.victims.map(({ observed }) => observed), ...outdated].map(({ pod }) => pod.name)
  const rest = planRest(roster, new Set([...making.names, ...taken]))
  const tasks = [...rest.tasks, ...(held?.tasks ?? []), ...making.tasks, ...leaving]
  const again = earliest([rest.again, making.again, held?.again])
  const awaited = [...decision.create, ...decision.outdated.map(({ pod }) => pod.name)]
  const absent = awaited.map((name) => mayBeElsewhere(roster, name)).find((why) => why !== undefined)
  return {
    tasks: withoutRepeats(tasks.map((task) => withClaims(desired, view, task))),
    status: statefulSetStatus(roster, set, seats, held ?? (absent ? { ...making, message: absent } : making)),
    lookAgainAt: again?.at,
    lookAgainFor: again?.reason ?? '',
  }
}

/** Pods that may be missing while an update goes on; a percentage is rounded down, to at least one. */
export function updateBudget(maxUnavailable: IntOrPercent | undefined, replicas: number): number | undefined {
  if (maxUnavailable === undefined) return undefined
  return Math.max(1, scaledValue(maxUnavailable, replicas, 'down') ?? 1)
}

function ordinalSetOf({ object, replicas }: DesiredStatefulSet, roster: Roster): OrdinalSet {
  const { ordinals, podManagementPolicy, updateStrategy } = object.spec
  const { hash } = roster.desired.template
  const [oldest] = roster.old.filter(({ pod }) => pod.template !== hash).sort(byAge)
  return {
    replicas,
    start: ordinals?.start ?? 0,
    ordered: podManagementPolicy === 'OrderedReady',
    strategy: updateStrategy.type,
    partition: updateStrategy.rollingUpdate?.partition ?? 0,
    maxUnavailable: updateBudget(updateStrategy.rollingUpdate?.maxUnavailable, replicas),
    currentRevision: oldest?.pod.template ?? hash,
    updateRevision: hash,
  }
}

function seatsOf({ object }: DesiredStatefulSet, roster: Roster): Seat[] {
  const groups = Map.groupBy(roster.pods, ({ pod }) => ordinalOf(object.metadata.name, pod.name))
  return [...groups].flatMap(([ordinal, pods]) => (ordinal === undefined ? [] : [{ ordinal, pods }]))
}

/** Several pods of one ordinal, and what is on its way out, hold the ordinal until they are gone. */
function memberOf(roster: Roster, { ordinal, pods }: Seat): Member {
  const [observed, twin] = pods
  const bucket = observed?.bucket
  const ready = bucket === 'ready' || bucket === 'available'
  return {
    ordinal,
    revision: observed && roster.current.includes(observed) ? roster.desired.template.hash : 'another',
    phase: bucket === 'finished' ? (observed?.phase ?? 'Failed') : 'Running',
    ready,
    available: bucket === 'available',
    terminating: twin !== undefined || bucket === 'leaving' || bucket === 'lost',
  }
}

interface Decision {
  /** Names of pods to be made. */
  readonly create: readonly string[]
  readonly victims: readonly { readonly observed: Observed; readonly cause: string }[]
  /** To be replaced by the wanted revision. */
  readonly outdated: readonly Observed[]
}

function decide(roster: Roster, set: OrdinalSet, seats: readonly Seat[]): Decision {
  const { name } = roster.desired.object.metadata
  const members = seats.map((seat) => memberOf(roster, seat))
  const steps = syncOrdinals(set, members)
  const deleted = new Set(steps.flatMap((step) => ('delete' in step ? [step.delete] : [])))
  const told = seats.filter(({ ordinal }) => deleted.has(ordinal)).flatMap(({ pods }) => pods.filter(isKnown))
  const going = steps.length > 0 ? told : broken(roster, set, seats)
  const ordinal = ({ pod }: Observed): number => ordinalOf(name, pod.name) ?? 0
  const surplus = going.filter((observed) => !isWanted(set, ordinal(observed)))
  const ended = going.filter((observed) => isWanted(set, ordinal(observed)) && observed.bucket === 'finished')
  return {
    create: steps.flatMap((step) => ('create' in step ? [ordinalName(name, step.create)] : [])),
    victims: [
      ...surplus
        .sort((a, b) => ordinal(b) - ordinal(a))
        .map((observed) => ({ observed, cause: `scaled down to ${set.replicas}` })),
      ...ended.map((observed) => ({ observed, cause: `it ended: ${observed.problem || observed.phase}` })),
      ...seats.flatMap(({ pods }) => twins(pods)).map((observed) => ({ observed, cause: 'a second pod of its name' })),
    ],
    outdated: going.filter((observed) => !surplus.includes(observed) && !ended.includes(observed)),
  }
}

/**
 * Pods of a revision that is not wanted any more and that are not ready: an update, a way back, or the end of others would wait for them
 * for ever. Only where nothing else is to be done; an ordered set takes the one that it waits for, what is not wanted from the top.
 */
function broken(roster: Roster, set: OrdinalSet, seats: readonly Seat[]): Observed[] {
  const inOrder = [...seats].sort((a, b) => a.ordinal - b.ordinal)
  const surplus = inOrder.filter(({ ordinal }) => !isWanted(set, ordinal))
  const waiting = inOrder.filter(
    ({ ordinal, pods }) => isWanted(set, ordinal) && (pods.length !== 1 || pods[0]?.bucket !== 'available'),
  )
  const first = waiting.length > 0 ? waiting.slice(0, 1) : surplus.slice(-1)
  return (set.ordered ? first : waiting)
    .filter(({ ordinal, pods }) => pods.length === 1 && (!isWanted(set, ordinal) || isReached(set, ordinal)))
    .flatMap(({ pods }) => pods)
    .filter((observed) => observed.bucket === 'unready' && roster.old.includes(observed))
}

/** An update replaces it. */
function isReached({ strategy, start, partition }: OrdinalSet, ordinal: number): boolean {
  return strategy === 'RollingUpdate' && ordinal >= start + partition
}

/** All pods of an ordinal but the oldest, which has its data. */
function twins(pods: readonly Observed[]): Observed[] {
  return [...pods]
    .sort(byAge)
    .slice(1)
    .filter((observed) => isKnown(observed) && observed.bucket !== 'leaving' && observed.bucket !== 'lost')
}

function byAge(a: Observed, b: Observed): number {
  return a.pod.createdAt - b.pod.createdAt || (a.pod.host < b.pod.host ? -1 : 1)
}

function isKnown({ bucket, reachable }: Observed): boolean {
  return reachable && bucket !== 'unknown'
}

function staleCause(roster: Roster, pod: LivePod): string {
  if (pod.template !== roster.desired.template.hash) return `old revision ${pod.template}`
  return `changed by hand: ${driftText(roster.drift.get(pod) ?? [])}`
}

function creation(roster: Roster, { replicas }: OrdinalSet) {
  const { hash } = roster.desired.template
  if (roster.old.some(({ pod }) => pod.template !== hash)) {
    return { cause: `update to revision ${hash}`, effect: 'rolling' } as const
  }
  return { cause: `${replicas} ${replicas === 1 ? 'replica' : 'replicas'} wanted`, effect: 'none' } as const
}

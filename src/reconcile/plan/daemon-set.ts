import { shortHash } from '../../base/hash.ts'
import { perNodeBounds } from '../../manifests/int-or-percent.ts'
import type { ObjectStatus, Plan, Task } from './action.ts'
import { podName } from './create.ts'
import { alone, daemonHost, isServed, type Station, stationsOf } from './daemon-set-hosts.ts'
import { type DaemonRollout, rollDaemons } from './daemon-set-rolling.ts'
import type { DesiredDaemonSet, View } from './desired.ts'
import { planLeave } from './leave.ts'
import { type Making, makePods } from './make.ts'
import type { Observed } from './observe.ts'
import { preflight } from './preflight.ts'
import { statusLine } from './rollout-status.ts'
import { driftText, planRest, type Roster, takeRoster, withoutRepeats } from './roster.ts'
import { countsText, judgeSet } from './set-status.ts'
import { earliest } from './time.ts'

/**
 * One pod on every host that its rules allow. Hosts that they do not allow any more lose theirs, also to a new `NoExecute` taint. A new
 * revision replaces the pods host by host; where one would have to go first, what the new one needs is there before.
 */
export function planDaemonSet(desired: DesiredDaemonSet, view: View): Plan {
  const roster = takeRoster(desired, view, (desired.object.spec.minReadySeconds ?? 0) * 1000)
  const stations = stationsOf(desired, roster)
  const served = stations.filter(isServed)
  const step = rolloutStep(desired, served)
  const replaced = replacements(roster, served, step)
  const settled = desired.object.spec.updateStrategy.type === 'OnDelete' ? stations.map(alone) : stations
  const victims = [...strays(settled), ...replaced.victims]
  const empty = served.filter(({ host, fresh, old, busy }) => host.reachable && !fresh && !old && !busy)
  const making = makeOn(roster, empty, 'one pod per host')
  const surging = makeOn(roster, surgeHosts(served, step), 'beside the old revision')
  const taken = [...making.names, ...surging.names, ...victims.map(({ observed }) => observed.pod.name)]
  const rest = planRest(roster, new Set(taken))
  const again = earliest([rest.again, making.again, surging.again, replaced.held?.again])
  const leaving = victims.map(({ observed, cause, effect }) => planLeave(observed.pod, cause, effect))
  const holding = [replaced.held, making, surging].filter((one) => one !== undefined && one.message !== '')
  return {
    tasks: withoutRepeats([
      ...rest.tasks,
      ...(replaced.held?.tasks ?? []),
      ...making.tasks,
      ...surging.tasks,
      ...leaving,
    ]),
    status: statusOf(desired, roster, served, holding.find((one) => one?.failed) ?? holding[0] ?? making),
    lookAgainAt: again?.at,
    lookAgainFor: again?.reason ?? '',
  }
}

const resting: DaemonRollout = { mustDelete: [], moreDeletes: 0, mustCreate: [], moreCreates: 0, candidates: [] }

/** A pod that only stays where it is, on a host that takes no new ones, is not replaced: nothing could come in its place. */
function rolloutStep({ object }: DesiredDaemonSet, served: readonly Station[]): DaemonRollout {
  const { type, rollingUpdate } = object.spec.updateStrategy
  const open = served.filter(({ refusal }) => refusal === '')
  const bounds = perNodeBounds(rollingUpdate?.maxSurge, rollingUpdate?.maxUnavailable, open.length)
  return type === 'OnDelete' || !bounds ? resting : rollDaemons(bounds, open.map(daemonHost))
}

interface Victim {
  readonly observed: Observed
  readonly cause: string
  readonly effect: Task['effect']
}

/** Pods that are no host's own: where none is to be, or there are several, or that ended. */
function strays(stations: readonly Station[]): Victim[] {
  return stations
    .filter(({ host }) => host.reachable)
    .flatMap(({ host, evicts, fresh, old, spare }) => {
      const gone = (observed: Observed, cause: string): Victim => ({ observed, cause, effect: 'none' })
      const own = [fresh, old].filter((observed) => observed !== undefined)
      if (evicts !== '') return [...own, ...spare].map((one) => gone(one, `not for host ${host.name}: ${evicts}`))
      return spare.filter(({ bucket }) => bucket !== 'unknown').map((one) => gone(one, `a second pod on ${host.name}`))
    })
}

/** Old pods whose turn it is, as far as what comes in their place could be made; where it could is taken first. */
function replacements(roster: Roster, served: readonly Station[], step: DaemonRollout) {
  const lacks = new Map<string, Making>()
  for (const { host, fresh, old } of served) {
    const lack = !old || fresh || !host.reachable ? undefined : preflight(roster, [host.name])
    if (lack) lacks.set(host.name, lack)
  }
  const candidates = [...step.candidates].sort((a, b) => Number(lacks.has(a)) - Number(lacks.has(b)))
  const chosen = [...step.mustDelete, ...candidates.slice(0, step.moreDeletes)]
  const [held] = chosen.flatMap((host) => lacks.get(host) ?? [])
  const tasks = chosen.flatMap((host) => lacks.get(host)?.tasks ?? [])
  const victims = served.flatMap(({ host, old }): Victim[] => {
    if (!old || !chosen.includes(host.name) || lacks.has(host.name) || !host.reachable) return []
    return [{ observed: old, cause: staleCause(roster, old), effect: 'rolling' }]
  })
  return { victims, held: held && { ...held, tasks } }
}

function staleCause(roster: Roster, { pod }: Observed): string {
  if (pod.template !== roster.desired.template.hash) return `old revision ${pod.template}`
  return `changed by hand: ${driftText(roster.drift.get(pod) ?? [])}`
}

/** Where nothing else is on its way out: there are never more than two. */
function surgeHosts(served: readonly Station[], step: DaemonRollout): Station[] {
  const able = served.filter(({ host, spare, busy }) => host.reachable && spare.length === 0 && !busy)
  const chosen = able.filter(({ host }) => step.candidates.includes(host.name)).slice(0, step.moreCreates)
  return able.filter((station) => chosen.includes(station) || step.mustCreate.includes(station.host.name))
}

function makeOn(roster: Roster, stations: readonly Station[], cause: string): Making {
  const { desired } = roster
  const taken = new Set(roster.pods.map(({ pod }) => pod.name))
  const seats = stations.map(({ host }) => ({
    name: daemonPodName(desired.object.metadata.name, desired.template.hash, host.name, taken),
    onlyOn: host.name,
  }))
  return makePods(roster, { count: seats.length, seats, cause, effect: 'none' })
}

/** The same for a revision on a host at any time, but while the one before is still there. */
export function daemonPodName(owner: string, hash: string, host: string, taken: ReadonlySet<string>): string {
  const place = shortHash([host], 5)
  let name = podName(owner, hash, place)
  for (let number = 1; taken.has(name); number += 1) name = podName(owner, hash, `${place}-${number}`)
  return name
}

function statusOf(
  desired: DesiredDaemonSet,
  roster: Roster,
  served: readonly Station[],
  making: Pick<Making, 'message' | 'failed' | 'hopeless'>,
): ObjectStatus {
  const waits = desired.object.spec.updateStrategy.type === 'OnDelete'
  const pods = [...roster.current, ...roster.old]
  const mine = ({ fresh, old, refusal }: Station): Observed | undefined =>
    fresh ?? (waits || refusal !== '' ? old : undefined)
  const synced = pods.length === served.length && served.every((station) => mine(station) !== undefined)
  const ready = served.filter(({ fresh, old }) => fresh?.ready || old?.ready).length
  const older = waits ? roster.old.filter(({ pod }) => pod.template !== desired.template.hash).length : 0
  const notes = [
    served.length === 0 ? 'no host is for it' : '',
    older > 0 ? `${older} of an older revision, replaced when they are removed (OnDelete)` : '',
  ]
  const verdict = judgeSet(roster, {
    complete: synced && served.every((station) => mine(station)?.bucket === 'available'),
    note: notes.filter((note) => note !== '').join(', '),
    counts: countsText(roster, served.length),
    making,
    heals: (observed) => !waits && roster.old.includes(observed),
  })
  return { ...statusLine(roster, served.length, synced, verdict), ready: `${ready}/${served.length}` }
}

import type { LiveHost } from '../../runtime/live.ts'
import type { Effect, Task } from './action.ts'
import { type ClaimHosts, claimHosts, type Promised, promise } from './claims-of-pod.ts'
import { createPod, freePodNames, type Identity, sandboxSpec } from './create.ts'
import { hostPorts } from './host-ports.ts'
import type { Observed } from './observe.ts'
import { type Newcomer, placePod, type Site, withPod } from './placement.ts'
import { templateFault } from './preflight.ts'
import { imageState, type Roster, siblingsOf, withoutRepeats } from './roster.ts'
import { siteOf } from './site.ts'
import { placedSpec } from './taints.ts'
import { earliest, type LookAgain } from './time.ts'

/** What became of pods that were to be made. */
export interface Making {
  readonly tasks: readonly Task[]
  /** Names of pods that the tasks are about. */
  readonly names: readonly string[]
  /** Why some could not be made now, reason first; empty when all were. */
  readonly message: string
  /** Something is wrong with what is asked for, as against: it takes a moment. */
  readonly failed: boolean
  /** Waiting does not help; absent: it may. */
  readonly hopeless?: boolean
  readonly again: LookAgain | undefined
}

export interface Order {
  readonly count: number
  readonly cause: string
  readonly effect: Effect
  /** A fixed name instead of computed ones (Pod). */
  readonly name?: string
  /** The very pods to make, of kinds whose pods are no equals; `count` is their number. */
  readonly seats?: readonly OrderedSeat[]
}

export interface OrderedSeat extends Identity {
  /** The one host that it may be on. */
  readonly onlyOn?: string
}

const nothingMade: Making = { tasks: [], names: [], message: '', failed: false, again: undefined }

/** Tasks for `count` new pods of the wanted template, each on a host that has room and the images; never half a pod. */
export function makePods(roster: Roster, order: Order): Making {
  if (order.count <= 0) return nothingMade
  const fault = templateFault(roster.desired.template)
  if (fault) return { ...nothingMade, message: fault, failed: true }
  let site = siteOf(roster)
  let promised: Promised = new Map()
  let asked = 0
  const made = seatsFor(roster, order).map((seat) => {
    const { host, tasks, again, ...why } = hostFor(roster, seat, site, promised)
    if (!host) return pending(why, roster.view.now, tasks, again)
    // What is left of a lost pod is counted as used already.
    if (!seat.lost?.pod.spec) asked += 1
    const refusal = roster.view.refuses(roster.namespace, roster.desired.template.spec, asked)
    if (refusal && !seat.lost?.pod.spec) return forbidden(refusal, roster.view.now)
    site = withPod(site, host.name, newcomer(roster, seat))
    promised = promise(promised, roster.desired.template, { ...refOf(roster, seat), host: host.name })
    return makePod(roster, order, { ...seat, host })
  })
  return joined(made)
}

/** Room, claims and hosts come with other objects, whose changes do not wake this one. */
const roomLookMs = 10_000

function pending(
  { message, failed }: Pick<Making, 'message' | 'failed'>,
  now: number,
  tasks: readonly Task[] = [],
  due?: LookAgain,
): Making {
  const again = due ?? { at: now + roomLookMs, reason: 'a host may have room' }
  return { ...nothingMade, tasks, message: `Pending: ${message}`, failed, again }
}

function forbidden(why: string, now: number): Making {
  const again = { at: now + roomLookMs, reason: 'the quota may have room' }
  return { ...nothingMade, message: `forbidden: ${why}`, failed: true, again }
}

/** A name for a pod, and the host and remains that come with it when a pod of that name was lost. */
interface Seat {
  readonly identity: Identity
  readonly host: LiveHost | undefined
  readonly onlyOn: string | undefined
  readonly lost: Observed | undefined
}

function seatsFor(roster: Roster, order: Order): Seat[] {
  const hostOf = (lost: Observed) => roster.view.hosts.find((host) => host.name === lost.pod.host)
  if (order.seats) {
    return order.seats.map(({ onlyOn, ...identity }) => {
      const lost = roster.pods.find(({ bucket, pod }) => bucket === 'lost' && pod.name === identity.name)
      return { identity, onlyOn, host: lost && hostOf(lost), lost }
    })
  }
  const { hash } = roster.desired.template
  const isLost = ({ bucket, pod }: Observed): boolean =>
    bucket === 'lost' && (pod.template === hash || pod.name === order.name)
  const lost = roster.pods.filter((observed) => isLost(observed) && isAlone(roster, observed))
  const again = lost.slice(0, order.count).map((observed) => {
    return { identity: { name: observed.pod.name }, onlyOn: undefined, host: hostOf(observed), lost: observed }
  })
  const taken = new Set(roster.pods.map(({ pod }) => pod.name))
  const left = order.count - again.length
  const names = order.name ? [order.name] : freePodNames(roster.desired.object.metadata.name, hash, taken, left)
  const fresh = names.slice(0, left).map((name) => {
    return { identity: { name }, onlyOn: undefined, host: undefined, lost: undefined }
  })
  return [...again, ...fresh]
}

/** Hosts that could not be asked for a while may each have a pod of one name. */
function isAlone({ pods }: Roster, { pod }: Observed): boolean {
  return pods.every((other) => other.pod === pod || other.pod.name !== pod.name)
}

type Found =
  | {
      readonly host: LiveHost
      readonly message: ''
      readonly failed: false
      readonly tasks?: undefined
      readonly again?: undefined
    }
  | ({ readonly host: undefined } & Pick<ClaimHosts, 'message' | 'failed' | 'tasks' | 'again'>)

function hostFor(roster: Roster, seat: Seat, site: Site, promised: Promised): Found {
  const { template } = roster.desired
  const pod = { ...refOf(roster, seat), host: '' }
  const claims = claimHosts(template, pod, roster.view, promised)
  if (claims.message) {
    const { message, failed, tasks, again } = claims
    return { host: undefined, message, failed, tasks, again }
  }
  const only = seat.host?.name ?? seat.onlyOn
  const hosts = claims.hosts.filter(({ name }) => only === undefined || name === only)
  if (hosts.length === 0 && claims.hosts.length > 0) {
    return { host: undefined, message: `it belongs on host ${only}, its claims do not`, failed: true }
  }
  if (seat.host) return { host: seat.host, message: '', failed: false }
  const placed = placePod({ ...newcomer(roster, seat), only: new Set(hosts.map(({ name }) => name)) }, site)
  if (placed.host) return { host: placed.host, message: '', failed: false }
  return { host: undefined, message: placed.message, failed: false }
}

function refOf({ namespace }: Roster, { identity }: Seat) {
  return { namespace, name: identity.name }
}

function newcomer(roster: Roster, seat: Seat): Newcomer {
  const { requests } = roster.desired.template
  const spec = placedSpec(roster.desired)
  const { labels } = sandboxSpec(roster.desired, seat.identity)
  return { namespace: roster.namespace, labels, spec, requests, ports: hostPorts(spec), only: undefined }
}

function makePod(roster: Roster, order: Order, seat: Seat & { readonly host: LiveHost }): Making {
  const images = imageState(roster, seat.host)
  if (!images.ready) {
    const { tasks, message, failed, hopeless, again } = images
    return { tasks, names: [], message, failed, hopeless, again }
  }
  const pod = {
    ...seat.identity,
    host: seat.host,
    cause: seat.lost ? 'its sandbox or a container was removed' : order.cause,
    effect: seat.lost ? ('restart' as const) : order.effect,
    remains: seat.lost?.pod,
    siblings: siblingsOf(roster),
  }
  return { ...nothingMade, tasks: [createPod(roster.desired, pod, roster.view)], names: [pod.name] }
}

function joined(made: readonly Making[]): Making {
  const tasks = withoutRepeats(made.flatMap((making) => making.tasks))
  return {
    tasks,
    names: made.flatMap((making) => making.names),
    message: (made.find((making) => making.failed) ?? made.find((making) => making.message))?.message ?? '',
    failed: made.some((making) => making.failed),
    hopeless: made.some((making) => making.hopeless),
    again: earliest(made.map((making) => making.again)),
  }
}

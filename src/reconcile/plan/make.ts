import type { LiveHost } from '../../runtime/live.ts'
import type { Effect, Task } from './action.ts'
import { createPod, freePodNames, hostPorts } from './create.ts'
import type { Observed } from './observe.ts'
import { type Load, noLoad, placePod, withPod } from './placement.ts'
import { imageState, type Roster, siblingsOf, withoutRepeats } from './roster.ts'
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
  readonly again: LookAgain | undefined
}

export interface Order {
  readonly count: number
  readonly cause: string
  readonly effect: Effect
  /** A fixed name instead of computed ones (Pod). */
  readonly name?: string
}

const nothingMade: Making = { tasks: [], names: [], message: '', failed: false, again: undefined }

/** Tasks for `count` new pods of the wanted template, each on a host that has room and the images; never half a pod. */
export function makePods(roster: Roster, order: Order): Making {
  const { template } = roster.desired
  if (order.count <= 0) return nothingMade
  if (template.missing.length > 0) {
    const message = `CreateContainerConfigError: ${template.missing.join(', ')} not found`
    return { ...nothingMade, message, failed: true }
  }
  let loads = loadsOf(roster)
  const made: Making[] = seatsFor(roster, order).map((seat) => {
    const placed = seat.host
      ? { host: seat.host }
      : placePod(roster.view.hosts, loads, template.requests, hostPorts(template.spec))
    if (!placed.host) return pending(placed.message, roster.view.now)
    loads = addPod(loads, placed.host, roster)
    return makePod(roster, order, { ...seat, host: placed.host })
  })
  return joined(made)
}

/** Room comes when other objects' pods go, which wakes those, not this one. */
const roomLookMs = 10_000

function pending(why: string, now: number): Making {
  const again = { at: now + roomLookMs, reason: 'a host may have room' }
  return { ...nothingMade, message: `Pending: ${why}`, again }
}

/** A name for a pod, and the host and remains that come with it when a pod of that name was lost. */
interface Seat {
  readonly name: string
  readonly host: LiveHost | undefined
  readonly lost: Observed | undefined
}

function seatsFor(roster: Roster, order: Order): Seat[] {
  const { hash } = roster.desired.template
  const lost = roster.pods.filter(
    ({ bucket, pod }) => bucket === 'lost' && (pod.template === hash || pod.name === order.name),
  )
  const again = lost.slice(0, order.count).map((observed) => ({
    name: observed.pod.name,
    host: roster.view.hosts.find((host) => host.name === observed.pod.host),
    lost: observed,
  }))
  const taken = new Set(roster.pods.map(({ pod }) => pod.name))
  const left = order.count - again.length
  const names = order.name ? [order.name] : freePodNames(roster.desired.object.metadata.name, hash, taken, left)
  return [...again, ...names.slice(0, left).map((name) => ({ name, host: undefined, lost: undefined }))]
}

function makePod(roster: Roster, order: Order, seat: Seat & { readonly host: LiveHost }): Making {
  const images = imageState(roster, seat.host)
  if (!images.ready) {
    const { tasks, message, failed, again } = images
    return { tasks, names: [], message, failed, again }
  }
  const task = createPod(roster.desired, {
    name: seat.name,
    host: seat.host,
    cause: seat.lost ? 'its sandbox or a container was removed' : order.cause,
    effect: seat.lost ? 'restart' : order.effect,
    remains: seat.lost?.pod,
    siblings: siblingsOf(roster),
  })
  return { ...nothingMade, tasks: [task], names: [seat.name] }
}

function joined(made: readonly Making[]): Making {
  const tasks = withoutRepeats(made.flatMap((making) => making.tasks))
  return {
    tasks,
    names: made.flatMap((making) => making.names),
    message: (made.find((making) => making.failed) ?? made.find((making) => making.message))?.message ?? '',
    failed: made.some((making) => making.failed),
    again: earliest(made.map((making) => making.again)),
  }
}

function loadsOf(roster: Roster): ReadonlyMap<string, Load> {
  return new Map(
    roster.view.hosts.map((host) => {
      const own = roster.view.pods.filter((pod) => pod.host === host.name)
      const ports = own.flatMap((pod) => (pod.spec ? hostPorts(pod.spec) : []))
      const placed = roster.view.placed.get(host.name) ?? noLoad
      const peers = own.filter((pod) => !pod.leaving).length
      return [host.name, { cpuMillis: placed.cpuMillis, memoryBytes: placed.memoryBytes, peers, ports: new Set(ports) }]
    }),
  )
}

function addPod(loads: ReadonlyMap<string, Load>, host: LiveHost, roster: Roster): ReadonlyMap<string, Load> {
  const { requests, spec } = roster.desired.template
  return new Map(loads).set(host.name, withPod(loads.get(host.name) ?? noLoad, requests, hostPorts(spec)))
}

import { compareContainer, type Difference } from '../../diff/compare.ts'
import type { LivePod } from '../../runtime/live.ts'
import type { Action, Task } from './action.ts'
import { containersFor } from './containers.ts'
import { namespaceOf, type Workload } from './create.ts'
import type { View } from './desired.ts'
import { imageId } from './images.ts'
import { planLeaving, planRemains } from './leave.ts'
import { type Observed, observe } from './observe.ts'
import { earliest, type LookAgain } from './time.ts'
import { planUpkeep, podRef } from './upkeep.ts'

/** The pods of one owner, sorted into those of the wanted revision, those of others, and those that no longer count. */
export interface Roster {
  readonly desired: Workload
  readonly view: View
  readonly namespace: string
  /** All, by name. */
  readonly pods: readonly Observed[]
  /** Made from the wanted template, and still as it says. */
  readonly current: readonly Observed[]
  /** Made from another template, or changed behind our back. */
  readonly old: readonly Observed[]
  /** What is not as the template says, by pod name. */
  readonly drift: ReadonlyMap<string, readonly Difference[]>
  readonly minReadyMs: number
}

export function takeRoster(desired: Workload, view: View, minReadyMs: number): Roster {
  const { hash } = desired.template
  const eye = { now: view.now, hosts: view.hosts, minReadyMs, hash }
  const pods = [...view.pods].sort(byName).map((pod) => observe(pod, eye))
  const drift = new Map(pods.map(({ pod }) => [pod.name, driftOf(desired, pod, view)]))
  const staying = pods.filter(isStaying)
  const isCurrent = ({ pod }: Observed): boolean =>
    pod.template === hash && !drift.get(pod.name)?.some((difference) => difference.impact === 'replace')
  return {
    desired,
    view,
    namespace: namespaceOf(desired),
    pods,
    current: staying.filter(isCurrent),
    old: staying.filter((observed) => !isCurrent(observed)),
    drift,
    minReadyMs,
  }
}

/** Counts as one of the owner's pods. */
function isStaying({ bucket }: Observed): boolean {
  return bucket === 'unknown' || bucket === 'unready' || bucket === 'ready' || bucket === 'available'
}

function driftOf(desired: Workload, pod: LivePod, view: View): readonly Difference[] {
  if (pod.template !== desired.template.hash || pod.leaving) return []
  const host = view.hosts.find((candidate) => candidate.name === pod.host)
  return containersFor(desired.template, podRef(pod)).flatMap((config) => {
    const live = pod.containers.find((container) => container.name === config.name)
    if (!live) return []
    const sameImage = host !== undefined && imageId(host, config.image) === live.imageId
    return compareContainer(sameImage ? { ...config, image: live.config.image } : config, live, pod.address)
  })
}

/** `env.LOG_LEVEL, image`: where a pod is not as its template says. */
export function driftText(differences: readonly Difference[]): string {
  const paths = differences.filter((difference) => difference.impact === 'replace').map((difference) => difference.path)
  return [...new Set(paths)].join(', ')
}

/**
 * Tasks for pods that this look neither creates nor takes out: what stays is kept running, what leaves is helped out, what is lost is
 * cleared away. `taken`: pods that another task of this look is about.
 */
export function planRest(roster: Roster, taken: ReadonlySet<string>): { tasks: Task[]; again: LookAgain | undefined } {
  const tasks: Task[] = []
  const times: (LookAgain | undefined)[] = []
  for (const observed of roster.pods) {
    if (!observed.reachable || taken.has(observed.pod.name)) continue
    const upkeep = restOf(roster, observed)
    times.push(upkeep.again, availableAt(roster, observed))
    if (upkeep.task) tasks.push(upkeep.task)
  }
  return { tasks, again: earliest(times) }
}

function restOf(roster: Roster, { pod, bucket }: Observed): { task: Task | undefined; again?: LookAgain | undefined } {
  if (bucket === 'leaving') return { task: planLeaving(pod) }
  if (bucket === 'lost')
    return { task: planRemains(pod, 'it cannot come back: its sandbox or a container was removed') }
  if (bucket === 'finished') return { task: undefined }
  const host = roster.view.hosts.find((candidate) => candidate.name === pod.host)
  if (!host) return { task: undefined }
  const wanted = pod.template === roster.desired.template.hash
  const configs = wanted ? containersFor(roster.desired.template, podRef(pod)) : []
  return planUpkeep(pod, { now: roster.view.now, host, configs, updates: updatesOf(roster, pod) })
}

/** `docker update` for containers whose resources alone differ. */
function updatesOf(roster: Roster, pod: LivePod): Action[] {
  const differences = roster.drift.get(pod.name) ?? []
  if (differences.length === 0 || differences.some((difference) => difference.impact === 'replace')) return []
  return containersFor(roster.desired.template, podRef(pod)).flatMap((config): Action[] => {
    const live = pod.containers.find((container) => container.name === config.name)
    if (live?.state !== 'running') return []
    const differs = compareContainer(config, live, pod.address).some((difference) => difference.impact === 'inPlace')
    return differs ? [{ kind: 'update', pod: podRef(pod), id: live.id, resources: config.resources }] : []
  })
}

function availableAt(roster: Roster, { pod, bucket, readySince }: Observed): LookAgain | undefined {
  if (bucket !== 'ready' || readySince === undefined) return undefined
  return { at: readySince + roster.minReadyMs, reason: `pod ${pod.name} counts as available (minReadySeconds)` }
}

function byName(a: LivePod, b: LivePod): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : a.host < b.host ? -1 : 1
}

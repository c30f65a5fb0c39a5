import { compareContainer, type Difference } from '../../diff/compare.ts'
import { renderDifference } from '../../diff/render.ts'
import type { ContainerConfig, LiveHost, LivePod } from '../../runtime/live.ts'
import type { Action, Task } from './action.ts'
import { containersFor } from './containers.ts'
import { namespaceOf } from './create.ts'
import type { Template, View, Workload } from './desired.ts'
import { configWait, emptiedForGood } from './files-of-pod.ts'
import { type ImageState, imageId, imagesOn, pinImage } from './images.ts'
import { planFinished, planLeaving, planRemains } from './leave.ts'
import { type Observed, observe } from './observe.ts'
import { progressOf } from './progress.ts'
import { roleOf } from './start-order.ts'
import { earliest, type LookAgain } from './time.ts'
import { planUpkeep, podRef } from './upkeep.ts'
import { changedFiles, setupsAgain } from './volumes-of-pod.ts'

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
  /** What is not as the template says. By pod: two hosts may have pods of one name, after one of them was away. */
  readonly drift: ReadonlyMap<LivePod, readonly Difference[]>
  readonly minReadyMs: number
}

export function takeRoster(desired: Workload, view: View, minReadyMs: number): Roster {
  const { template } = desired
  const { hash } = template
  const eye = { now: view.now, hosts: view.hosts, minReadyMs, hash, template }
  const pods = [...view.pods].sort(byName).map((pod) => withConfigProblem(observe(pod, eye), template, view.now))
  const drift = new Map(pods.map(({ pod }) => [pod, driftOf(desired, pod, view)]))
  const staying = pods.filter(isStaying)
  const isCurrent = ({ pod }: Observed): boolean =>
    pod.template === hash && !drift.get(pod)?.some((difference) => difference.impact === 'replace')
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

function withConfigProblem(observed: Observed, template: Template, now: number): Observed {
  const waits = observed.bucket === 'unready' ? configWait(observed.pod, template, now) : ''
  return waits === '' ? observed : { ...observed, problem: waits }
}

/** Counts as one of the owner's pods. */
function isStaying({ bucket }: Observed): boolean {
  return bucket === 'unknown' || bucket === 'unready' || bucket === 'ready' || bucket === 'available'
}

function driftOf(desired: Workload, pod: LivePod, view: View): readonly Difference[] {
  if (pod.template !== desired.template.hash || pod.leaving) return []
  const host = view.hosts.find((candidate) => candidate.name === pod.host)
  return lastingConfigs(desired, pod, host).flatMap((config) => {
    const live = pod.containers.find((container) => container.name === config.name)
    if (!live) return []
    const sameImage = host !== undefined && imageId(host, config.image) === live.imageId
    return compareContainer(sameImage ? { ...config, image: live.config.image } : config, live, pod.address)
  })
}

/** Without plain init containers: they have done what they were made for. */
function lastingConfigs(desired: Workload, pod: LivePod, host: LiveHost | undefined): readonly ContainerConfig[] {
  const configs = containersFor(desired.template, pod, host)
  return configs.filter(({ name }) => roleOf(desired.template.spec, name) !== 'init')
}

/** `env.LEVEL: "2" -> "1"`: where a pod is not as its template says. */
export function driftText(differences: readonly Difference[]): string {
  const texts = differences.filter((difference) => difference.impact === 'replace').map(renderDifference)
  return [...new Set(texts)].join(', ')
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
    const rest = restOf(roster, observed)
    times.push(rest.again, availableAt(roster, observed))
    tasks.push(...rest.tasks)
  }
  return { tasks: withoutRepeats(tasks), again: earliest(times) }
}

export function lostCause(roster: Roster, pod: LivePod): string {
  const { desired, view } = roster
  const what =
    pod.sandbox?.state === 'dead' || !emptiedForGood(pod, desired.template, view.now)
      ? 'its sandbox or a container was removed'
      : 'nobody knows any more what was in its volumes'
  return `it cannot come back: ${what}`
}

/** What there is to do about a pod that stays, leaves or is lost. */
export interface Rest {
  readonly tasks: readonly Task[]
  readonly again?: LookAgain | undefined
}

/** Lost pods of other templates that still stand there with their sandbox: nothing is made in their place before they are marked. */
export function doomed(roster: Roster): number {
  const { hash } = roster.desired.template
  return roster.pods.filter(({ bucket, pod }) => bucket === 'lost' && pod.sandbox && pod.template !== hash).length
}

function restOf(roster: Roster, { pod, bucket, reason }: Observed): Rest {
  const { now } = roster.view
  if (bucket === 'leaving') return planLeaving(pod, now)
  if (bucket === 'lost') return { tasks: [planRemains(pod, lostCause(roster, pod))] }
  const host = roster.view.hosts.find((candidate) => candidate.name === pod.host)
  if (!host) return { tasks: [] }
  if (bucket === 'finished') {
    const task = planFinished(pod, reason || 'all other containers have ended')
    return { tasks: task ? [task] : [] }
  }
  const missing = missingConfigs(roster, pod, host)
  const { template } = roster.desired
  const upkeep = planUpkeep(pod, {
    now,
    host,
    configs: missing.configs,
    updates: updatesOf(roster, pod),
    updateCause: inPlaceCause(roster, pod),
    volumes: (due) => setupsAgain(template, pod, host, missing.configs, due),
    changed: changedFiles(template, pod, host),
    waits: configWait(pod, template, now) !== '',
  })
  const tasks = upkeep.task ? [upkeep.task, ...missing.tasks] : missing.tasks
  return { tasks, again: earliest([upkeep.again, missing.again]) }
}

/** Containers that a pod of the wanted template lacks, once their images are there. */
function missingConfigs(roster: Roster, pod: LivePod, host: LiveHost) {
  const { template } = roster.desired
  if (pod.template !== template.hash || progressOf(pod, roster.view.now).missing.length === 0)
    return { configs: [], tasks: [] }
  if (template.missingVariables.length > 0) return { configs: [], tasks: [] }
  const images = imageState(roster, host)
  if (!images.ready) return { configs: [], tasks: images.tasks, again: images.again }
  const siblings = siblingsOf(roster)
  const configs = containersFor(template, pod, host).map((config) => pinImage(config, host, siblings))
  return { configs, tasks: [] }
}

/** Whether the wanted template's images are on a host; also asked before anything old is taken away for it. */
export function imageState(roster: Roster, host: LiveHost): ImageState {
  const { template, since } = roster.desired
  const inUse = roster.view.pods.some((pod) => pod.host === host.name && pod.template === template.hash)
  return imagesOn(host, template, { now: roster.view.now, since, inUse })
}

/** Pods of the wanted template: their images are taken over. */
export function siblingsOf(roster: Roster): readonly LivePod[] {
  return roster.view.pods.filter((pod) => pod.template === roster.desired.template.hash && !pod.leaving)
}

/** Several pods may wait for the same pull. */
export function withoutRepeats(tasks: readonly Task[]): Task[] {
  const texts = new Set<string>()
  return tasks.filter((task) => !texts.has(task.text) && texts.add(task.text))
}

/** `docker update` for containers whose resources alone differ. */
function updatesOf(roster: Roster, pod: LivePod): Action[] {
  const differences = roster.drift.get(pod) ?? []
  if (differences.length === 0 || differences.some((difference) => difference.impact === 'replace')) return []
  const host = roster.view.hosts.find((candidate) => candidate.name === pod.host)
  return lastingConfigs(roster.desired, pod, host).flatMap((config): Action[] => {
    const live = pod.containers.find((container) => container.name === config.name)
    if (live?.state !== 'running') return []
    const differs = compareContainer(config, live, pod.address).some((difference) => difference.impact === 'inPlace')
    return differs ? [{ kind: 'update', pod: podRef(pod), id: live.id, resources: config.resources }] : []
  })
}

/** The differences that an update mends, `resources.memoryLimitBytes: 33554432 -> 67108864`; the same in several containers is said once. */
function inPlaceCause(roster: Roster, pod: LivePod): string {
  const differences = roster.drift.get(pod) ?? []
  return [...new Set(differences.filter(({ impact }) => impact === 'inPlace').map(renderDifference))].join(', ')
}

/** That a pod has joined traffic is told as an event. */
function availableAt(roster: Roster, { pod, bucket, joining, readySince }: Observed): LookAgain | undefined {
  if (bucket !== 'ready' || joining || readySince === undefined) return undefined
  return { at: readySince + roster.minReadyMs, reason: `pod ${pod.name} counts as available (minReadySeconds)` }
}

function byName(a: LivePod, b: LivePod): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : a.host < b.host ? -1 : 1
}

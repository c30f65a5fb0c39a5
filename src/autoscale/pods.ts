import { toBytes, toMillis } from '../manifests/quantity.ts'
import type { Container, PodSpec } from '../manifests/types.ts'
import { type Observed, observe } from '../reconcile/plan/observe.ts'
import type { LiveContainer, LiveHost, LivePod } from '../runtime/live.ts'
import type { Figure } from './figures.ts'
import type { MeteredPod, Resource, Sample } from './utilization.ts'

/** The pod template of a target as it is wanted, after the defaults of its namespace. */
export interface WantedTemplate {
  readonly hash: string
  readonly spec: PodSpec
}

/** Whether a pod was ready when last looked at, and since when. */
export interface Readiness {
  readonly ready: boolean
  readonly changedAt: number
}

/** A pod as the autoscaler sees it. */
export interface SeenPod {
  readonly pod: LivePod
  readonly observed: Observed
  readonly readiness: Readiness
}

/** `before`: by the pods' uid, of the last look. */
export function seePods(
  pods: readonly LivePod[],
  hosts: readonly LiveHost[],
  before: ReadonlyMap<string, Readiness>,
  now: number,
): readonly SeenPod[] {
  return pods.map((pod) => {
    const observed = observe(pod, { now, hosts, minReadyMs: 0, hash: pod.template })
    return { pod, observed, readiness: readinessOf(observed, before.get(pod.uid), now) }
  })
}

function readinessOf({ pod, ready, readySince }: Observed, before: Readiness | undefined, now: number): Readiness {
  if (ready) return { ready, changedAt: readySince ?? now }
  if (!before) return { ready, changedAt: pod.createdAt }
  return { ready, changedAt: before.ready ? now : before.changedAt }
}

/** Is there and not on its way out. */
export function staysOf({ observed }: SeenPod): boolean {
  return observed.bucket !== 'leaving' && observed.bucket !== 'lost' && observed.bucket !== 'finished'
}

/** Containers whose figures count: what runs, of all or of one name. */
export function runningContainers({ containers }: LivePod, name?: string): readonly LiveContainer[] {
  return containers.filter(
    (container) => container.state === 'running' && (name === undefined || container.name === name),
  )
}

/** What of a pod is looked at. */
export interface Subject {
  readonly resource: Resource
  /** Undefined: all containers together. */
  readonly container: string | undefined
}

/**
 * Pods with their figures of a resource, and one that is still to be made for each that is wanted beyond them: without those, a number
 * that has just been raised would be lowered again before its pods are there.
 */
export function resourcePods(
  seen: readonly SeenPod[],
  subject: Subject,
  template: WantedTemplate,
  figures: ReadonlyMap<string, Figure>,
  current: number,
  now: number,
): readonly MeteredPod[] {
  const request = requestOf(template.spec, subject)
  const there = seen.map((one): MeteredPod => {
    const { template: hash, spec } = one.pod
    const own = hash === template.hash || !spec ? request : requestOf(spec, subject)
    return { ...meteredPod(one, sampleOf(one, subject, figures)), request: own }
  })
  return [...there, ...missingPods(seen, current, request, now)]
}

/** Pods with their values (thousandths) of a metric, by the pods' names. */
export function metricPods(
  seen: readonly SeenPod[],
  values: ReadonlyMap<string, number>,
  current: number,
  now: number,
): readonly MeteredPod[] {
  const there = seen.map((one) => {
    const value = values.get(one.pod.name)
    return meteredPod(one, value === undefined ? undefined : { value, at: now, windowMs: 0 })
  })
  return [...there, ...missingPods(seen, current, undefined, now)]
}

function meteredPod(one: SeenPod, sample: Sample | undefined): MeteredPod {
  const { pod, observed, readiness } = one
  return {
    name: pod.name,
    phase: observed.phase,
    leaving: !staysOf(one),
    ready: readiness.ready,
    startedAt: pod.createdAt,
    readyChangedAt: readiness.changedAt,
    request: undefined,
    // Of what is unreachable, or not probed yet, nothing may be decided.
    sample: observed.bucket === 'unknown' ? undefined : sample,
  }
}

function missingPods(
  seen: readonly SeenPod[],
  current: number,
  request: number | undefined,
  now: number,
): readonly MeteredPod[] {
  const missing = Math.max(0, current - seen.filter(staysOf).length)
  return Array.from({ length: missing }, () => ({
    ...{ name: '', phase: 'Pending', leaving: false, ready: false, startedAt: now, readyChangedAt: now },
    ...{ request, sample: undefined },
  }))
}

/** One sample of all its running containers; undefined when one of them has none yet. */
function sampleOf(
  { pod }: SeenPod,
  { resource, container }: Subject,
  figures: ReadonlyMap<string, Figure>,
): Sample | undefined {
  const samples = runningContainers(pod, container).map(({ id }) => figures.get(id)?.[resource])
  const known = samples.filter((sample) => sample !== undefined)
  if (known.length === 0 || known.length < samples.length) return undefined
  return {
    value: known.reduce((total, { value }) => total + value, 0),
    at: Math.min(...known.map(({ at }) => at)),
    windowMs: Math.max(...known.map(({ windowMs }) => windowMs)),
  }
}

/** What a pod asks for, of all containers that run for as long as it does; undefined when one says nothing. */
export function requestOf(spec: PodSpec, { resource, container }: Subject): number | undefined {
  const requests = lastingContainers(spec)
    .filter(({ name }) => container === undefined || name === container)
    .map((one) => containerRequest(one, resource))
  const known = requests.filter((request) => request !== undefined)
  return known.length === 0 || known.length < requests.length ? undefined : known.reduce((a, b) => a + b, 0)
}

/** The first container without a request. */
export function unrequested(spec: PodSpec, { resource, container }: Subject): string | undefined {
  return lastingContainers(spec).find(
    (one) => (container === undefined || one.name === container) && containerRequest(one, resource) === undefined,
  )?.name
}

/** Has it a container of this name that lasts? */
export function hasContainer(spec: PodSpec, name: string): boolean {
  return lastingContainers(spec).some((container) => container.name === name)
}

function lastingContainers({ containers, initContainers = [] }: PodSpec): readonly Container[] {
  return [...containers, ...initContainers.filter(({ restartPolicy }) => restartPolicy === 'Always')]
}

/** A limit without a request is one. */
function containerRequest({ resources }: Container, resource: Resource): number | undefined {
  const text = resources.requests?.[resource] ?? resources.limits?.[resource]
  if (text === undefined) return undefined
  return resource === 'cpu' ? toMillis(text) : toBytes(text)
}

import { renderQuantity, toBytes, toMillis } from '../manifests/quantity.ts'
import type { MetricSpec } from '../manifests/types.ts'
import type { Figure } from './figures.ts'
import { averageValue, objectValue, podsMetric } from './metrics.ts'
import {
  hasContainer,
  metricPods,
  resourcePods,
  type SeenPod,
  type Subject,
  staysOf,
  unrequested,
  type WantedTemplate,
} from './pods.ts'
import {
  type Measured,
  podsAverage,
  type Resource,
  resourceUtilization,
  type Sizing,
  type Tolerance,
} from './utilization.ts'

/** What a target's metrics are measured by. */
export interface Scene {
  readonly seen: readonly SeenPod[]
  readonly template: WantedTemplate
  readonly figures: ReadonlyMap<string, Figure>
  /** Why figures of containers could not be read; empty: they could. */
  readonly trouble: string
  readonly current: number
  readonly tolerance: Tolerance
  /** ms. */
  readonly now: number
}

/** What Prometheus said. */
export type Answer =
  | { readonly ok: true; readonly series: readonly Series[] }
  | { readonly ok: false; readonly message: string }

export interface Series {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export type FailureReason =
  | 'FailedGetResourceMetric'
  | 'FailedGetContainerResourceMetric'
  | 'FailedGetPodsMetric'
  | 'FailedGetObjectMetric'
  | 'FailedGetExternalMetric'

/** One metric's proposal, or why it has none. `text`: `cpu 63%/50%`. */
export type Outcome =
  | { readonly ok: true; readonly replicas: number; readonly text: string }
  | {
      readonly ok: false
      readonly reason: FailureReason
      readonly message: string
      readonly text: string
      /** Nothing is wrong: figures are still to come. */
      readonly waiting: boolean
    }

type Target = NonNullable<MetricSpec['resource']>['target']

/** The proposal of one metric. `answer`: to its query, if it has one. */
export function measure(metric: MetricSpec, scene: Scene, answer: Answer | undefined): Outcome {
  const { resource, containerResource, pods, object, external } = metric
  if (resource) return ofResource(resource.name, undefined, resource.target, scene)
  if (containerResource) {
    return ofResource(containerResource.name, containerResource.container, containerResource.target, scene)
  }
  if (pods) return ofPods(pods.metric.name, pods.target, scene, answer)
  if (object) return ofValue(object.metric.name, object.target, scene, answer, 'FailedGetObjectMetric')
  return ofValue(
    external?.metric.name ?? '',
    external?.target ?? { type: 'Value' },
    scene,
    answer,
    'FailedGetExternalMetric',
  )
}

function ofResource(resource: string, container: string | undefined, target: Target, scene: Scene): Outcome {
  const name = container === undefined ? resource : `${resource} of ${container}`
  const reason = container === undefined ? 'FailedGetResourceMetric' : 'FailedGetContainerResourceMetric'
  const aim = aimText(resource, target)
  const fail = (message: string, waiting = false): Outcome => failed(reason, name, aim, message, waiting)
  if (resource !== 'cpu' && resource !== 'memory') return fail(`${resource} is not measured, only cpu and memory are`)
  const { spec } = scene.template
  if (container !== undefined && !hasContainer(spec, container)) return fail(`there is no container ${container}`)
  const subject: Subject = { resource, container }
  const measured: Measured = {
    ...scene,
    pods: resourcePods(scene.seen, subject, scene.template, scene.figures, scene.current, scene.now),
  }
  const sizing = resourceSizing(resource, target, measured)
  if ('replicas' in sizing) {
    const found = target.averageUtilization === undefined ? amount(resource, sizing.average) : `${sizing.average}%`
    return { ok: true, replicas: sizing.replicas, text: `${name} ${found}/${aim}` }
  }
  if (sizing.error === 'no request') {
    return fail(`missing request for ${resource} in container ${unrequested(spec, subject) ?? 'of an older revision'}`)
  }
  return fail(scene.trouble || `no figures of ${resource} yet from a ready pod`, scene.trouble === '')
}

function resourceSizing(resource: Resource, target: Target, measured: Measured): Sizing {
  if (target.averageUtilization !== undefined) return resourceUtilization(resource, target.averageUtilization, measured)
  const aim = resource === 'cpu' ? toMillis(target.averageValue) : toBytes(target.averageValue)
  return podsAverage(resource, aim, measured)
}

function ofPods(name: string, target: Target, scene: Scene, answer: Answer | undefined): Outcome {
  const aim = target.averageValue ?? ''
  const fail = (message: string, waiting = false): Outcome => failed('FailedGetPodsMetric', name, aim, message, waiting)
  if (!answer) return fail('there is no pod yet', true)
  if (!answer.ok) return fail(answer.message)
  const values = new Map<string, number>()
  for (const { labels, value } of answer.series) {
    const pod = labels.pod ?? ''
    if (Number.isFinite(value)) values.set(pod, (values.get(pod) ?? 0) + thousandthsOf(value))
  }
  const pods = metricPods(scene.seen, values, scene.current, scene.now)
  const sizing = podsMetric(toMillis(target.averageValue), { ...scene, pods })
  if ('error' in sizing) return fail('Prometheus has no value of it with the label pod for any running pod')
  return { ok: true, replicas: sizing.replicas, text: `${name} ${decimal(sizing.average)}/${aim}` }
}

function ofValue(
  name: string,
  target: Target,
  scene: Scene,
  answer: Answer | undefined,
  reason: FailureReason,
): Outcome {
  const aim = target.value ?? `${target.averageValue ?? ''} (average)`
  const fail = (message: string): Outcome => failed(reason, name, aim, message, false)
  if (!answer?.ok) return fail(answer?.message ?? 'not asked')
  if (answer.series.length === 0) return fail('Prometheus has no value for it')
  const value = thousandthsOf(answer.series.reduce((total, one) => total + one.value, 0))
  if (!Number.isFinite(value)) return fail(`expected a number from Prometheus, found ${value}`)
  const { current, tolerance } = scene
  if (target.value !== undefined) {
    const ready = scene.seen.filter((one) => staysOf(one) && one.readiness.ready).length
    const replicas = objectValue({ current, value, target: toMillis(target.value), tolerance }, ready)
    return { ok: true, replicas, text: `${name} ${decimal(value)}/${aim}` }
  }
  const { replicas, average } = averageValue({ current, value, target: toMillis(target.averageValue), tolerance })
  return { ok: true, replicas, text: `${name} ${decimal(average)}/${aim}` }
}

function failed(reason: FailureReason, name: string, aim: string, message: string, waiting: boolean): Outcome {
  return { ok: false, reason, message: `${name}: ${message}`, text: `${name} <unknown>/${aim}`, waiting }
}

function thousandthsOf(value: number): number {
  return Math.round(value * 1000)
}

function aimText(resource: string, { averageUtilization, averageValue }: Target): string {
  if (averageUtilization !== undefined) return `${averageUtilization}%`
  if (resource === 'cpu') return amount('cpu', toMillis(averageValue))
  return averageValue ?? ''
}

/** `250m`, `128Mi`. */
function amount(resource: Resource, value: number): string {
  if (resource === 'memory') return `${Math.round(value / 2 ** 20)}Mi`
  return renderQuantity({ nano: BigInt(value) * 10n ** 6n, format: 'DecimalSI', letter: '' })
}

function decimal(thousandths: number): string {
  return String(thousandths / 1000)
}

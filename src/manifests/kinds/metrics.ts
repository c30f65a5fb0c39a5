import { found, oneOf } from '../found.ts'
import type { Path } from '../position.ts'
import { parseQuantity } from '../quantity.ts'
import type { Review } from '../review.ts'
import { selectorFault } from '../selector.ts'
import type { MetricSpec } from '../types.ts'
import { canonicalAmount } from './quantities.ts'

type Source = Exclude<keyof MetricSpec, 'type'>
type Target = NonNullable<MetricSpec['resource']>['target']
type Goal = 'averageUtilization' | 'averageValue' | 'value'

const sources: Readonly<Record<MetricSpec['type'], Source>> = {
  Resource: 'resource',
  ContainerResource: 'containerResource',
  Pods: 'pods',
  Object: 'object',
  External: 'external',
}

/** What may be aimed at, by source. */
const goals: Readonly<Record<Source, readonly Goal[]>> = {
  resource: ['averageUtilization', 'averageValue'],
  containerResource: ['averageUtilization', 'averageValue'],
  pods: ['averageValue'],
  object: ['value', 'averageValue'],
  external: ['value', 'averageValue'],
}

/** Of an autoscaler that names none. */
export const defaultMetrics: readonly MetricSpec[] = [
  { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } },
]

export function reviewMetric(metric: MetricSpec, path: Path, review: Review): void {
  const wanted = sources[metric.type]
  const given = Object.values(sources).filter((source) => metric[source] !== undefined)
  if (given.length !== 1 || given[0] !== wanted) {
    const shown = given.length === 0 ? 'none' : given.join(' and ')
    review.problem(path, `expected ${wanted} for the type ${metric.type}, found ${shown}`)
    return
  }
  const { resource, containerResource, pods, object, external } = metric
  const source = resource ?? containerResource ?? pods ?? object ?? external
  if (!source) return
  const at = [...path, wanted]
  reviewTarget(source.target, goals[wanted], [...at, 'target'], review)
  if ('metric' in source) {
    const { name, selector } = source.metric
    if (name === '') review.problem([...at, 'metric', 'name'], 'expected a name, found nothing')
    const fault = selector && selectorFault(selector)
    if (fault) review.problem([...at, 'metric', 'selector', ...fault.path], fault.message)
  } else if (source.name !== 'cpu' && source.name !== 'memory') {
    review.ignored([...at, 'name'], 'only cpu and memory are measured')
  }
}

/** `type` is for people: what counts is the value that is given. */
function reviewTarget(target: Target, allowed: readonly Goal[], path: Path, review: Review): void {
  const given = allowed.filter((goal) => target[goal] !== undefined)
  if (given.length !== 1) {
    review.problem(
      path,
      `expected one of ${oneOf(allowed)}, found ${given.length === 0 ? 'none' : given.join(' and ')}`,
    )
  }
  const { averageUtilization, averageValue, value } = target
  if (averageUtilization !== undefined && averageUtilization < 1) {
    review.problem(
      [...path, 'averageUtilization'],
      `expected a whole number from 1, found ${found(averageUtilization)}`,
    )
  }
  for (const [member, amount] of Object.entries({ averageValue, value })) {
    if (amount === undefined) continue
    const quantity = parseQuantity(String(amount))
    if (!quantity || quantity.nano <= 0n) {
      review.problem([...path, member], `expected a quantity above 0, found ${found(amount)}`)
    }
  }
}

/** Canonical amounts. */
export function completeMetric(metric: MetricSpec): MetricSpec {
  const { resource, containerResource, pods, object, external } = metric
  return {
    ...metric,
    ...(resource ? { resource: { ...resource, target: completeTarget(resource.target) } } : {}),
    ...(containerResource
      ? { containerResource: { ...containerResource, target: completeTarget(containerResource.target) } }
      : {}),
    ...(pods ? { pods: { ...pods, target: completeTarget(pods.target) } } : {}),
    ...(object ? { object: { ...object, target: completeTarget(object.target) } } : {}),
    ...(external ? { external: { ...external, target: completeTarget(external.target) } } : {}),
  }
}

function completeTarget(target: Target): Target {
  const { averageValue, value } = target
  return {
    ...target,
    ...(averageValue === undefined ? {} : { averageValue: canonicalAmount(averageValue) }),
    ...(value === undefined ? {} : { value: canonicalAmount(value) }),
  }
}

import { parseQuantity, renderQuantity } from '../../manifests/quantity.ts'
import type {
  Container,
  LimitRange,
  LimitRangeItem,
  PersistentVolumeClaimSpec,
  PodSpec,
  ResourceRequirements,
} from '../../manifests/types.ts'
import { podAmount } from './pod-requests.ts'

type Amounts = Readonly<Record<string, string>>
type Ranges = readonly LimitRange[]

/** The spec with what its containers do not say about their resources; the same object where no range says anything. */
export function withLimitRanges(spec: PodSpec, ranges: Ranges): PodSpec {
  const items = itemsOf('Container', ranges)
  if (items.length === 0) return spec
  const complete = (container: Container): Container => ({
    ...container,
    resources: items.reduce(limitRangeDefaults, container.resources),
  })
  const { containers, initContainers } = spec
  return {
    ...spec,
    containers: containers.map(complete),
    ...(initContainers && { initContainers: initContainers.map(complete) }),
  }
}

/** A limit of its own is the request, too; what is left comes from the range. */
export function limitRangeDefaults(resources: ResourceRequirements, item: LimitRangeItem): ResourceRequirements {
  const { limits = {}, requests = {} } = resources
  return {
    ...resources,
    limits: { ...item.default, ...limits },
    requests: { ...item.defaultRequest, ...limits, ...requests },
  }
}

/** Why the ranges of the namespace allow no such pod; empty: they do. */
export function forbiddenPod(spec: PodSpec, ranges: Ranges): string {
  const containers = [...(spec.initContainers ?? []), ...spec.containers]
  const violations = [
    ...itemsOf('Container', ranges).flatMap((item) =>
      containers.flatMap(({ resources }) => limitRangeViolations(item, resources)),
    ),
    ...itemsOf('Pod', ranges).flatMap((item) => limitRangeViolations(item, podResources(spec))),
  ]
  return textOf(violations)
}

/** Why the ranges of the namespace allow no such claim; empty: they do. */
export function forbiddenClaim({ resources }: PersistentVolumeClaimSpec, ranges: Ranges): string {
  const requests = resources?.requests ?? {}
  // Claims have no limits: the request stands for both.
  const violations = itemsOf('PersistentVolumeClaim', ranges).flatMap((item) =>
    limitRangeViolations(item, { requests, limits: requests }),
  )
  return textOf(violations)
}

function itemsOf(type: LimitRangeItem['type'], ranges: Ranges): LimitRangeItem[] {
  return [...ranges]
    .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
    .flatMap(({ spec }) => spec.limits.filter((item) => item.type === type))
}

function textOf(violations: readonly Violation[]): string {
  return [...new Set(violations.map(({ message }) => message))].join(', ')
}

export interface Violation {
  readonly constraint: 'min' | 'max' | 'ratio'
  readonly resource: string
  /** As Kubernetes says it: `maximum cpu usage per Container is 1, but limit is 2`. */
  readonly message: string
}

/** Where resources are outside of a range. */
export function limitRangeViolations(item: LimitRangeItem, resources: ResourceRequirements): Violation[] {
  const { limits = {}, requests = {} } = resources
  const check = (
    constraint: Violation['constraint'],
    bounds: Amounts | undefined,
    fault: (bound: string, request: string | undefined, limit: string | undefined) => string,
    words: string,
  ): Violation[] =>
    Object.entries(bounds ?? {}).flatMap(([resource, bound]) => {
      const found = fault(bound, requests[resource], limits[resource])
      const message = words.replace('RESOURCE', resource).replace('BOUND', bound)
      return found === '' ? [] : [{ constraint, resource, message: `${message}${found}` }]
    })
  return [
    ...check('min', item.min, minFault, `minimum RESOURCE usage per ${item.type} is BOUND`),
    ...check('max', item.max, maxFault, `maximum RESOURCE usage per ${item.type} is BOUND`),
    ...check(
      'ratio',
      item.maxLimitRequestRatio,
      ratioFault,
      `RESOURCE max limit to request ratio per ${item.type} is BOUND`,
    ),
  ]
}

function minFault(bound: string, request: string | undefined, limit: string | undefined): string {
  if (request === undefined) return '. No request is specified'
  if (nano(request) < nano(bound)) return `, but request is ${request}`
  return limit !== undefined && nano(limit) < nano(bound) ? `, but limit is ${limit}` : ''
}

function maxFault(bound: string, request: string | undefined, limit: string | undefined): string {
  if (limit === undefined) return '. No limit is specified'
  if (nano(limit) > nano(bound)) return `, but limit is ${limit}`
  return request !== undefined && nano(request) > nano(bound) ? `, but request is ${request}` : ''
}

function ratioFault(bound: string, request = '0', limit = '0'): string {
  if (nano(request) === 0n) return ', but no request is specified or request is 0'
  if (nano(limit) === 0n) return ', but no limit is specified or limit is 0'
  if (nano(limit) * 10n ** 9n <= nano(bound) * nano(request)) return ''
  return `, but provided ratio is ${(Number(nano(limit)) / Number(nano(request))).toFixed(6)}`
}

/** What all containers of a pod together ask for; only what at least one of them names. */
function podResources(spec: PodSpec): ResourceRequirements {
  return { requests: totals(spec, 'requests'), limits: totals(spec, 'limits') }
}

function totals(spec: PodSpec, member: 'requests' | 'limits'): Record<string, string> {
  const containers = [...(spec.initContainers ?? []), ...spec.containers]
  const names = [...new Set(containers.flatMap(({ resources }) => Object.keys(resources[member] ?? {})))]
  return Object.fromEntries(
    names.map((name) => {
      const [first] = containers.flatMap(({ resources }) => resources[member]?.[name] ?? [])
      const total = podAmount(spec, ({ resources }) => Number(nano(resources[member]?.[name] ?? '0') / 10n ** 6n))
      const { format = 'DecimalSI' } = parseQuantity(first ?? '0') ?? {}
      return [name, renderQuantity({ nano: BigInt(total) * 10n ** 6n, format, letter: 'e' })]
    }),
  )
}

function nano(text: string): bigint {
  return parseQuantity(text)?.nano ?? 0n
}

import { parseQuantity, type Quantity, renderQuantity, sumQuantities } from '../../manifests/quantity.ts'
import type { PodSpec, ResourceQuota } from '../../manifests/types.ts'
import type { LivePod } from '../../runtime/live.ts'
import { phaseOf } from './observe.ts'
import type { Phase } from './phase.ts'
import { podUsage } from './pod-usage.ts'
import { qosClass } from './qos.ts'

/** Amounts by the names of a quota: `pods`, `requests.cpu`. */
export type Usage = ReadonlyMap<string, Quantity>

/**
 * Why `count` more pods of this spec are not admitted to a namespace with these quotas and pods, in Kubernetes' words; empty: they are.
 */
export function refusesPods(
  quotas: readonly ResourceQuota[],
  pods: readonly LivePod[],
  spec: PodSpec,
  count: number,
  now: number,
): string {
  const counted = [...quotas]
    .filter((quota) => covers(quota, spec))
    .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
  for (const quota of counted) {
    const hard = hardOf(quota)
    const lacking = unspecified(hard, spec)
    if (lacking !== '') return `failed quota: ${quota.metadata.name}: must specify ${lacking}`
    const used = usedBy(quota, pods, now)
    const wanted = times(podUsage(spec), count)
    const { exceeded } = admitPod(hard, used, wanted)
    if (exceeded.length === 0) continue
    const text = (amounts: Usage): string => exceeded.map((name) => `${name}=${amountText(amounts, name)}`).join(',')
    return `exceeded quota: ${quota.metadata.name}, requested: ${text(wanted)}, used: ${text(used)}, limited: ${text(hard)}`
  }
  return ''
}

/** What the pods of the quota's namespace use of it. */
export function usedBy(quota: ResourceQuota, pods: readonly LivePod[], now: number): Usage {
  const used = new Map<string, Quantity>()
  for (const pod of pods) {
    if (!pod.spec || pod.namespace !== quota.metadata.namespace || !covers(quota, pod.spec)) continue
    if (!countsTowardQuota({ phase: phaseOf(pod, now).phase, ...ending(pod, now) })) continue
    for (const [name, amount] of podUsage(pod.spec)) used.set(name, added(used.get(name), amount))
  }
  return used
}

function ending({ leavingSince, leaving, spec }: LivePod, now: number) {
  const graceMs = (spec?.terminationGracePeriodSeconds ?? 0) * 1000
  return { leaving, graceExpired: leavingSince !== undefined && now > leavingSince + graceMs }
}

/** A pod that ended uses nothing any more, nor does one that should have by now. */
export function countsTowardQuota(pod: {
  readonly phase: Phase
  readonly leaving: boolean
  readonly graceExpired: boolean
}): boolean {
  if (pod.phase === 'Succeeded' || pod.phase === 'Failed') return false
  return !(pod.leaving && pod.graceExpired)
}

export interface Admission {
  readonly allowed: boolean
  /** Names of the quota that would be exceeded. */
  readonly exceeded: readonly string[]
  /** Names of the quota of which the pod does not say what it takes. */
  readonly mustSpecify: readonly string[]
}

/** Whether what is used and what comes along stays within a quota. What the pod says nothing of cannot be counted, so it has to. */
export function admitPod(hard: Usage, used: Usage, pod: Usage): Admission {
  const mustSpecify = [...hard.keys()].filter((name) => isCompute(name) && !pod.has(name))
  const exceeded = [...hard].flatMap(([name, most]) => {
    const asked = pod.get(name)
    return asked && added(used.get(name), asked).nano > most.nano ? [name] : []
  })
  return { allowed: exceeded.length === 0 && mustSpecify.length === 0, exceeded, mustSpecify }
}

const compute = new Set(['cpu', 'memory', 'requests.cpu', 'requests.memory', 'limits.cpu', 'limits.memory'])

function isCompute(name: string): boolean {
  return compute.has(name)
}

/** `limits.cpu for: app; requests.memory for: app,log`; empty: every container says what the quota counts. */
function unspecified(hard: Usage, spec: PodSpec): string {
  const containers = [...(spec.initContainers ?? []), ...spec.containers]
  return [...hard.keys()]
    .filter(isCompute)
    .flatMap((name) => {
      const lacking = containers.filter((container) => !podUsage({ containers: [container] }).has(name))
      return lacking.length === 0 ? [] : [`${name} for: ${lacking.map((container) => container.name).join(',')}`]
    })
    .join('; ')
}

/** Whether a quota is about such pods. */
export function covers({ spec: { scopes = [], scopeSelector } }: ResourceQuota, spec: PodSpec): boolean {
  return (
    scopes.every((scope) => scopeMatches(scope, spec)) &&
    (scopeSelector?.matchExpressions ?? []).every(({ scopeName, operator, values = [] }) => {
      if (operator === 'Exists') return scopeMatches(scopeName, spec)
      if (operator === 'DoesNotExist') return !scopeMatches(scopeName, spec)
      const listed = spec.priorityClassName !== undefined && values.includes(spec.priorityClassName)
      return operator === 'In' ? listed : !listed
    })
  )
}

type ScopedSpec = Pick<PodSpec, 'containers' | 'initContainers' | 'affinity'> & {
  readonly activeDeadlineSeconds?: number
  readonly priorityClassName?: string
}

export function scopeMatches(scope: string, spec: ScopedSpec): boolean {
  switch (scope) {
    case 'BestEffort':
      return qosClass(spec) === 'BestEffort'
    case 'NotBestEffort':
      return qosClass(spec) !== 'BestEffort'
    case 'Terminating':
      return spec.activeDeadlineSeconds !== undefined
    case 'NotTerminating':
      return spec.activeDeadlineSeconds === undefined
    case 'PriorityClass':
      return (spec.priorityClassName ?? '') !== ''
    case 'CrossNamespacePodAffinity':
      return affinityTerms(spec).some((term) => term.namespaces !== undefined || term.namespaceSelector !== undefined)
    default:
      return false
  }
}

function affinityTerms({ affinity }: ScopedSpec) {
  return [affinity?.podAffinity, affinity?.podAntiAffinity].flatMap((rules) => [
    ...(rules?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ...(rules?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(({ podAffinityTerm }) => podAffinityTerm),
  ])
}

export function hardOf({ spec }: ResourceQuota): Usage {
  return usageOf(spec.hard ?? {})
}

export function usageOf(amounts: Readonly<Record<string, string>>): Usage {
  return new Map(
    Object.entries(amounts).flatMap(([name, text]) => {
      const quantity = parseQuantity(text)
      return quantity ? [[name, quantity] as const] : []
    }),
  )
}

function added(a: Quantity | undefined, b: Quantity): Quantity {
  return a ? sumQuantities([a, b]) : b
}

function times(usage: Usage, count: number): Usage {
  return new Map([...usage].map(([name, amount]) => [name, { ...amount, nano: amount.nano * BigInt(count) }]))
}

export function amountText(amounts: Usage, name: string): string {
  const amount = amounts.get(name)
  return amount ? renderQuantity(amount) : '0'
}

import type { Container, LimitRangeItem, ResourceRequirements } from '../../src/manifests/types.ts'
import { limitRangeDefaults, limitRangeViolations } from '../../src/reconcile/plan/limit-range.ts'
import type { Phase } from '../../src/reconcile/plan/phase.ts'
import { qosClass } from '../../src/reconcile/plan/qos.ts'
import { admitPod, countsTowardQuota, scopeMatches, usageOf } from '../../src/reconcile/plan/quota.ts'
import { object } from '../manifests/manifest.ts'
import { container } from '../reconcile/plan/world.ts'
import { podRequests } from './pod-requests.ts'

type Amounts = Readonly<Record<string, string>>

interface PodInput {
  readonly containers: readonly ResourceRequirements[]
  readonly activeDeadlineSeconds?: number
}

export const quota = {
  podRequests,
  admitPod: ({ hard, used, pod }: { readonly hard: Amounts; readonly used: Amounts; readonly pod: Amounts }) =>
    admitPod(usageOf(hard), usageOf(used), usageOf(pod)),
  countsTowardQuota: ({
    phase,
    deletionTimestampSet: leaving,
    graceExpired,
  }: {
    readonly phase: Phase
    readonly deletionTimestampSet: boolean
    readonly graceExpired: boolean
  }) => ({ counts: countsTowardQuota({ phase, leaving, graceExpired }) }),
  scopeMatches: ({ scope, pod }: { readonly scope: string; readonly pod: PodInput }) => ({
    matches: scopeMatches(scope, { ...pod, containers: containersOf(pod.containers) }),
  }),
  limitRangeDefaults: (input: { readonly item: LimitRangeItem; readonly container: ResourceRequirements }) => {
    const { limits, requests } = limitRangeDefaults(input.container, completed(input.item))
    return { limits, requests }
  },
  limitRangeValidate: ({ item, ...resources }: { readonly item: LimitRangeItem } & ResourceRequirements) => {
    const violations = limitRangeViolations(item, resources)
    return {
      valid: violations.length === 0,
      violations: violations.map(({ constraint, resource }) => `${constraint}.${resource}`),
    }
  },
  qosClass: ({ containers }: { readonly containers: readonly ResourceRequirements[] }) => ({
    qosClass: qosClass({ containers: containersOf(containers) }),
  }),
}

function containersOf(all: readonly ResourceRequirements[]): Container[] {
  return all.map((resources) => container({ resources }))
}

/** As a repository's LimitRange is read, which is where its maximum becomes the default. */
function completed(item: LimitRangeItem): LimitRangeItem {
  const range = { apiVersion: 'v1', kind: 'LimitRange', metadata: { name: 'a' }, spec: { limits: [item] } }
  return object('LimitRange', range).spec.limits[0] ?? item
}

import type { JobSpec, PodFailurePolicyRule } from '../../manifests/types.ts'
import { parseIndexes } from './job-indexes.ts'

/** How a failed pod ended. */
export interface FailedEnd {
  readonly containers: readonly { readonly name: string; readonly exitCode: number | undefined }[]
  readonly conditions: readonly { readonly type: string; readonly status: string }[]
}

export interface PolicyMatch {
  /** Undefined: no rule speaks of it. */
  readonly action: PodFailurePolicyRule['action'] | undefined
  readonly ruleIndex: number | undefined
  /** Whether it counts for the back-off limit. */
  readonly counted: boolean
}

const noRule: PolicyMatch = { action: undefined, ruleIndex: undefined, counted: true }
const actions: readonly string[] = ['FailJob', 'FailIndex', 'Ignore', 'Count']

/** The first rule that matches decides. */
export function matchFailurePolicy(rules: readonly PodFailurePolicyRule[], end: FailedEnd): PolicyMatch {
  const ruleIndex = rules.findIndex((rule) => actions.includes(rule.action) && matches(rule, end))
  const action = rules[ruleIndex]?.action
  return action ? { action, ruleIndex, counted: action !== 'Ignore' } : noRule
}

function matches({ onExitCodes, onPodConditions }: PodFailurePolicyRule, end: FailedEnd): boolean {
  if (onExitCodes) {
    const { containerName, operator, values } = onExitCodes
    return end.containers.some(({ name, exitCode }) => {
      if (exitCode === undefined || exitCode === 0) return false
      if (containerName !== undefined && containerName !== name) return false
      if (operator === 'In') return values.includes(exitCode)
      return operator === 'NotIn' && !values.includes(exitCode)
    })
  }
  return (onPodConditions ?? []).some(({ type, status = 'True' }) =>
    end.conditions.some((condition) => condition.type === type && condition.status === status),
  )
}

/** Whether enough indexes have succeeded for the whole Job to count as done. */
export function meetsSuccessPolicy(
  policy: NonNullable<JobSpec['successPolicy']>,
  succeeded: readonly number[],
  completions: number,
): boolean {
  return policy.rules.some(({ succeededCount, succeededIndexes }) => {
    if (succeededIndexes === undefined) return succeededCount !== undefined && succeeded.length >= succeededCount
    const wanted = parseIndexes(succeededIndexes, completions)
    const there = wanted.filter((index) => succeeded.includes(index)).length
    return there >= (succeededCount ?? wanted.length)
  })
}

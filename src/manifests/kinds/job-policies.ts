import { found, oneOf } from '../found.ts'
import type { Path } from '../position.ts'
import type { Review } from '../review.ts'
import type { JobSpec, PodFailurePolicyRule } from '../types.ts'

type FailurePolicy = NonNullable<JobSpec['podFailurePolicy']>

const mostRules = 20
const mostExitCodes = 255

export function reviewFailurePolicy(
  { podFailurePolicy, backoffLimitPerIndex, template }: JobSpec,
  path: Path,
  review: Review,
): void {
  if (!podFailurePolicy) return
  const { containers, initContainers = [], restartPolicy } = template.spec
  const names = [...initContainers, ...containers].map(({ name }) => name)
  if (restartPolicy !== 'Never') review.problem(path, 'expected the restartPolicy Never beside it')
  if (podFailurePolicy.rules.length > mostRules) {
    review.problem([...path, 'rules'], `expected at most ${mostRules}, found ${podFailurePolicy.rules.length}`)
  }
  for (const [index, rule] of podFailurePolicy.rules.entries()) {
    const at = [...path, 'rules', index]
    if (rule.action === 'FailIndex' && backoffLimitPerIndex === undefined) {
      review.problem([...at, 'action'], 'expected backoffLimitPerIndex beside FailIndex, found nothing')
    }
    reviewFailureRule(rule, names, at, review)
  }
}

/** A condition without a status has to be true. */
export function completeFailurePolicy({ rules }: FailurePolicy): FailurePolicy {
  return {
    rules: rules.map((rule) => {
      const { onPodConditions } = rule
      if (!onPodConditions) return rule
      return { ...rule, onPodConditions: onPodConditions.map((condition) => ({ status: 'True', ...condition })) }
    }),
  }
}

function reviewFailureRule(
  { onExitCodes, onPodConditions }: PodFailurePolicyRule,
  names: readonly string[],
  path: Path,
  review: Review,
): void {
  const conditions = onPodConditions ?? []
  if (!onExitCodes === (conditions.length === 0)) {
    review.problem(path, `expected one of onExitCodes or onPodConditions, found ${onExitCodes ? 'both' : 'none'}`)
  }
  for (const [index, { status = 'True', type }] of conditions.entries()) {
    const at = [...path, 'onPodConditions', index]
    if (type === '') review.problem([...at, 'type'], 'expected a type, found nothing')
    const known = ['True', 'False', 'Unknown']
    if (!known.includes(status)) review.problem([...at, 'status'], `expected ${oneOf(known)}, found ${found(status)}`)
  }
  if (!onExitCodes) return
  const { values, operator, containerName } = onExitCodes
  const at = [...path, 'onExitCodes']
  if (containerName !== undefined && !names.includes(containerName)) {
    review.problem([...at, 'containerName'], `expected ${oneOf(names)}, found ${found(containerName)}`)
  }
  if (values.length === 0 || values.length > mostExitCodes) {
    review.problem([...at, 'values'], `expected 1 to ${mostExitCodes} exit codes, found ${values.length}`)
  }
  for (const [index, value] of values.entries()) {
    if (value === 0 && operator === 'In')
      review.problem([...at, 'values', index], 'expected a code of failure, found 0')
    const before = values[index - 1]
    if (before !== undefined && before >= value) {
      review.problem([...at, 'values', index], `expected exit codes in order and once, found ${value} after ${before}`)
    }
  }
}

export function reviewSuccessPolicy(
  { successPolicy, completionMode, completions = 0 }: JobSpec,
  path: Path,
  review: Review,
): void {
  if (!successPolicy) return
  const { rules } = successPolicy
  if (completionMode !== 'Indexed') review.problem(path, 'expected the completionMode Indexed beside it')
  if (rules.length === 0 || rules.length > mostRules) {
    review.problem([...path, 'rules'], `expected 1 to ${mostRules} rules, found ${rules.length}`)
  }
  for (const [index, { succeededCount, succeededIndexes }] of rules.entries()) {
    const at = [...path, 'rules', index]
    if (succeededCount === undefined && succeededIndexes === undefined) {
      review.problem(at, 'expected succeededCount or succeededIndexes, found none')
    }
    const most = succeededIndexes === undefined ? completions : indexCount(succeededIndexes, completions)
    if (most === undefined) {
      const message = `expected indexes below completions in order like "0,2-5", found ${found(succeededIndexes)}`
      review.problem([...at, 'succeededIndexes'], message)
    } else if (succeededCount !== undefined && (succeededCount < 1 || succeededCount > most)) {
      review.problem(
        [...at, 'succeededCount'],
        `expected a whole number from 1 to ${most}, found ${found(succeededCount)}`,
      )
    }
  }
}

/** How many indexes `0,2-5` names; undefined when it is none, out of order or beyond `completions`. */
function indexCount(text: string, completions: number): number | undefined {
  let count = 0
  let last = -1
  for (const part of text.split(',')) {
    const match = /^([0-9]{1,9})(?:-([0-9]{1,9}))?$/.exec(part)
    if (!match) return undefined
    const first = Number(match[1])
    const end = Number(match[2] ?? match[1])
    if (first <= last || end < first || end >= completions) return undefined
    count += end - first + 1
    last = end
  }
  return count
}

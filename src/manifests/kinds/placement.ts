import { unhonoured } from '../fields.ts'
import { found } from '../found.ts'
import { labelKeyFault, labelValueFault } from '../names.ts'
import type { Path } from '../position.ts'
import { type Review, reportFault } from '../review.ts'
import { selectorFault } from '../selector.ts'
import type { Affinity, NodeSelectorTerm, PodAffinityTerm, PodSpec, Toleration } from '../types.ts'
import { reviewRules } from './rules.ts'

/** On which hosts a pod may run. */
export function reviewPlacement(
  { nodeSelector = {}, affinity, tolerations = [], topologySpreadConstraints = [] }: PodSpec,
  path: Path,
  review: Review,
): void {
  for (const [key, value] of Object.entries(nodeSelector)) {
    reportFault(review, [...path, 'nodeSelector', key], labelKeyFault(key) ?? labelValueFault(value), found(value))
  }
  for (const [index, toleration] of tolerations.entries()) {
    reviewToleration(toleration, [...path, 'tolerations', index], review)
  }
  if (affinity) reviewAffinity(affinity, [...path, 'affinity'], review)
  const seen = new Set<string>()
  for (const [index, constraint] of topologySpreadConstraints.entries()) {
    const at = [...path, 'topologySpreadConstraints', index]
    const { topologyKey, maxSkew, whenUnsatisfiable, labelSelector } = constraint
    reviewRules(unhonoured('Pod.spec.topologySpreadConstraints[]', constraint), at, review)
    reportFault(review, [...at, 'topologyKey'], labelKeyFault(topologyKey), found(topologyKey))
    if (maxSkew < 1) review.problem([...at, 'maxSkew'], `expected a whole number from 1, found ${found(maxSkew)}`)
    const fault = labelSelector && selectorFault(labelSelector)
    if (fault) review.problem([...at, 'labelSelector', ...fault.path], fault.message)
    const title = `${topologyKey} ${whenUnsatisfiable}`
    if (seen.has(title)) review.problem(at, `expected one constraint for ${title}, found another one`)
    seen.add(title)
  }
}

function reviewToleration(toleration: Toleration, path: Path, review: Review): void {
  const { key, operator = 'Equal', value, effect, tolerationSeconds } = toleration
  if (key) reportFault(review, [...path, 'key'], labelKeyFault(key), found(key))
  else if (operator !== 'Exists')
    review.problem([...path, 'operator'], `expected Exists without a key, found ${found(operator)}`)
  if (operator === 'Exists' && value)
    review.problem([...path, 'value'], `expected nothing for Exists, found ${found(value)}`)
  if (operator === 'Equal' && value) reportFault(review, [...path, 'value'], labelValueFault(value), found(value))
  if (tolerationSeconds !== undefined && effect !== 'NoExecute') {
    review.problem([...path, 'effect'], `expected NoExecute beside tolerationSeconds, found ${found(effect)}`)
  }
}

function reviewAffinity({ nodeAffinity, podAffinity, podAntiAffinity }: Affinity, path: Path, review: Review): void {
  const required = 'requiredDuringSchedulingIgnoredDuringExecution'
  const preferred = 'preferredDuringSchedulingIgnoredDuringExecution'
  for (const [index, { weight, preference }] of (nodeAffinity?.[preferred] ?? []).entries()) {
    const at = [...path, 'nodeAffinity', preferred, index]
    reviewWeight(weight, at, review)
    reviewNodeTerm(preference, [...at, 'preference'], review)
  }
  const terms = nodeAffinity?.[required]?.nodeSelectorTerms
  if (terms) reviewNodeTerms(terms, [...path, 'nodeAffinity', required, 'nodeSelectorTerms'], review)
  for (const [member, part] of Object.entries({ podAffinity, podAntiAffinity })) {
    for (const [index, term] of (part?.[required] ?? []).entries()) {
      reviewPodTerm(term, [...path, member, required, index], review)
    }
    for (const [index, { weight, podAffinityTerm }] of (part?.[preferred] ?? []).entries()) {
      const at = [...path, member, preferred, index]
      reviewWeight(weight, at, review)
      reviewPodTerm(podAffinityTerm, [...at, 'podAffinityTerm'], review)
    }
  }
}

/** Terms by which hosts are chosen, of a pod or a volume. */
export function reviewNodeTerms(terms: readonly NodeSelectorTerm[], path: Path, review: Review): void {
  if (terms.length === 0) review.problem(path, 'expected at least one term, found none')
  for (const [index, term] of terms.entries()) reviewNodeTerm(term, [...path, index], review)
}

function reviewNodeTerm(
  { matchExpressions = [], matchFields = [] }: NodeSelectorTerm,
  path: Path,
  review: Review,
): void {
  for (const [number, expression] of matchExpressions.entries()) {
    const at = [...path, 'matchExpressions', number]
    reportFault(review, [...at, 'key'], labelKeyFault(expression.key), found(expression.key))
    reviewNodeExpression(expression, at, review)
  }
  for (const [number, expression] of matchFields.entries()) {
    const at = [...path, 'matchFields', number]
    if (expression.key !== 'metadata.name') {
      review.problem([...at, 'key'], `expected metadata.name, found ${found(expression.key)}`)
    }
    reviewNodeExpression(expression, at, review)
  }
}

function reviewWeight(weight: number, path: Path, review: Review): void {
  if (weight >= 1 && weight <= 100) return
  review.problem([...path, 'weight'], `expected a whole number from 1 to 100, found ${found(weight)}`)
}

type NodeExpression = NonNullable<NodeSelectorTerm['matchExpressions']>[number]

function reviewNodeExpression({ operator, values = [] }: NodeExpression, path: Path, review: Review): void {
  const at = [...path, 'values']
  if (operator === 'Gt' || operator === 'Lt') {
    if (values.length !== 1 || !/^-?[0-9]{1,18}$/.test(values[0] ?? '')) {
      review.problem(
        at,
        `expected one whole number for ${operator}, found ${values.length === 1 ? found(values[0]) : 'others'}`,
      )
    }
    return
  }
  const wantsValues = operator === 'In' || operator === 'NotIn'
  if (wantsValues !== values.length > 0) {
    review.problem(at, `expected ${wantsValues ? 'values' : 'no values'} for ${operator}`)
  }
}

function reviewPodTerm(
  { labelSelector, namespaceSelector, topologyKey }: PodAffinityTerm,
  path: Path,
  review: Review,
): void {
  reportFault(review, [...path, 'topologyKey'], labelKeyFault(topologyKey), found(topologyKey))
  for (const [member, selector] of Object.entries({ labelSelector, namespaceSelector })) {
    const fault = selector && selectorFault(selector)
    if (fault) review.problem([...path, member, ...fault.path], fault.message)
  }
}

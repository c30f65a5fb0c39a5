import { expressionHolds } from '../../manifests/selector.ts'
import type { NodeSelectorTerm, PodSpec } from '../../manifests/types.ts'
import type { LiveHost } from '../../runtime/live.ts'

type Expression = NonNullable<NodeSelectorTerm['matchExpressions']>[number]
type Labels = Readonly<Record<string, string>>

/** Why a pod may not be on a host by its nodeName, nodeSelector and required node affinity. */
export function hostRefusal(spec: PodSpec, host: LiveHost): string | undefined {
  if (spec.nodeName && spec.nodeName !== host.name) return "node(s) didn't match the requested node name"
  const selected = Object.entries(spec.nodeSelector ?? {}).every(([key, value]) => host.labels[key] === value)
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  if (selected && (!required || matchesTerms(required.nodeSelectorTerms, host))) return undefined
  return "node(s) didn't match Pod's node affinity/selector"
}

/** The weights of the preferred terms that a host meets, added up. */
export function preference(spec: PodSpec, host: LiveHost): number {
  const wishes = spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []
  return wishes.reduce((total, { preference, weight }) => total + (matchesTerm(preference, host) ? weight : 0), 0)
}

/** Any one of the terms is enough. */
export function matchesTerms(terms: readonly NodeSelectorTerm[], host: LiveHost): boolean {
  return terms.some((term) => matchesTerm(term, host))
}

/** An empty term matches nothing. */
function matchesTerm({ matchExpressions = [], matchFields = [] }: NodeSelectorTerm, host: LiveHost): boolean {
  if (matchExpressions.length === 0 && matchFields.length === 0) return false
  const fields = { 'metadata.name': host.name }
  return (
    matchExpressions.every((expression) => holds(expression, host.labels)) &&
    matchFields.every((expression) => holds(expression, fields))
  )
}

function holds({ key, operator, values = [] }: Expression, labels: Labels): boolean {
  if (operator !== 'Gt' && operator !== 'Lt') return expressionHolds({ key, operator, values }, labels)
  const found = Object.hasOwn(labels, key) ? labels[key] : undefined
  const bound = values[0]
  if (!isWhole(found) || !isWhole(bound)) return false
  return operator === 'Gt' ? BigInt(found) > BigInt(bound) : BigInt(found) < BigInt(bound)
}

function isWhole(text: string | undefined): text is string {
  return text !== undefined && /^-?[0-9]{1,18}$/.test(text)
}

import { labelKeyFault, labelValueFault } from './names.ts'
import type { LabelSelector } from './types.ts'

type Labels = Readonly<Record<string, string>>
type Expression = NonNullable<LabelSelector['matchExpressions']>[number]

interface Requirement {
  readonly key: string
  readonly operator: '=' | '==' | '!=' | 'in' | 'notin' | 'exists' | '!' | '>' | '<'
  /** Sorted. */
  readonly values: readonly string[]
}

/** Requirements that must all hold, sorted by key. */
export type TextSelector = readonly Requirement[]

/** No selector matches nothing; an empty one everything. Undefined when an expression is not well-formed. */
export function matchesSelector(selector: LabelSelector | undefined, labels: Labels): boolean | undefined {
  if (!selector) return false
  if (selectorFault(selector) !== undefined) return undefined
  const { matchLabels = {}, matchExpressions = [] } = selector
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every((expression) => expressionHolds(expression, labels))
  )
}

/** One requirement, of a selector or of a node. */
export function expressionHolds({ key, operator, values = [] }: Expression, labels: Labels): boolean {
  const found = Object.hasOwn(labels, key) ? labels[key] : undefined
  switch (operator) {
    case 'In':
      return found !== undefined && values.includes(found)
    case 'NotIn':
      return found === undefined || !values.includes(found)
    case 'Exists':
      return found !== undefined
    case 'DoesNotExist':
      return found === undefined
  }
}

export interface SelectorFault {
  readonly path: readonly (string | number)[]
  readonly message: string
}

/** The first thing that is wrong with a label selector. */
export function selectorFault({ matchLabels = {}, matchExpressions = [] }: LabelSelector): SelectorFault | undefined {
  for (const [key, value] of Object.entries(matchLabels)) {
    const message = labelKeyFault(key) ?? labelValueFault(value)
    if (message) return { path: ['matchLabels', key], message }
  }
  for (const [index, { key, operator, values = [] }] of matchExpressions.entries()) {
    const path = ['matchExpressions', index]
    const keyFault = labelKeyFault(key)
    if (keyFault) return { path: [...path, 'key'], message: keyFault }
    const wantsValues = operator === 'In' || operator === 'NotIn'
    if (wantsValues !== values.length > 0) {
      return { path: [...path, 'values'], message: `expected ${wantsValues ? 'values' : 'no values'} for ${operator}` }
    }
    const message = values.map(labelValueFault).find((fault) => fault !== undefined)
    if (message) return { path: [...path, 'values'], message }
  }
  return undefined
}

/** Reads `app=web,tier in (a,b),!old`, as in `kubectl get -l`; undefined when it cannot be read. */
export function parseSelector(text: string): TextSelector | undefined {
  const tokens = text.match(/[(),]|[=!<>]+|[^\s(),=!<>]+/g) ?? []
  const requirements: Requirement[] = []
  let at = 0
  while (at < tokens.length) {
    const read = requirement(tokens, at)
    if (!read) return undefined
    requirements.push(read.requirement)
    at = read.next
    if (at === tokens.length) break
    if (tokens[at] !== ',' || at + 1 === tokens.length) return undefined
    at += 1
  }
  return requirements.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
}

export function renderSelector(selector: TextSelector): string {
  return selector
    .map(({ key, operator, values }) => {
      if (operator === 'exists') return key
      if (operator === '!') return `!${key}`
      if (operator === 'in' || operator === 'notin') return `${key} ${operator} (${values.join(',')})`
      return `${key}${operator}${values[0]}`
    })
    .join(',')
}

export function matchesText(selector: TextSelector, labels: Labels): boolean {
  return selector.every(({ key, operator, values }) => {
    const found = Object.hasOwn(labels, key) ? labels[key] : undefined
    switch (operator) {
      case '=':
      case '==':
      case 'in':
        return found !== undefined && values.includes(found)
      case '!=':
      case 'notin':
        return found === undefined || !values.includes(found)
      case 'exists':
        return found !== undefined
      case '!':
        return found === undefined
      default:
        return (
          found !== undefined &&
          isInteger(found) &&
          (operator === '>' ? BigInt(found) > BigInt(values[0]!) : BigInt(found) < BigInt(values[0]!))
        )
    }
  })
}

function requirement(tokens: readonly string[], start: number): { requirement: Requirement; next: number } | undefined {
  const absent = tokens[start] === '!'
  const key = tokens[absent ? start + 1 : start]
  if (key === undefined || labelKeyFault(key) !== undefined) return undefined
  let next = start + (absent ? 2 : 1)
  const operator = tokens[next]
  if (operator === undefined || operator === ',') {
    return { requirement: { key, operator: absent ? '!' : 'exists', values: [] }, next }
  }
  if (absent) return undefined
  next += 1
  switch (operator) {
    case '=':
    case '==':
    case '!=':
    case '>':
    case '<': {
      const value = tokens[next] === undefined || tokens[next] === ',' ? '' : tokens[next]!
      const fine = operator === '>' || operator === '<' ? isInteger(value) : labelValueFault(value) === undefined
      return fine
        ? { requirement: { key, operator, values: [value] }, next: value === '' ? next : next + 1 }
        : undefined
    }
    case 'in':
    case 'notin': {
      const end = tokens.indexOf(')', next)
      if (tokens[next] !== '(' || end < 0) return undefined
      const values = listed(tokens.slice(next + 1, end))
      return values && { requirement: { key, operator, values }, next: end + 1 }
    }
    default:
      return undefined
  }
}

/** Values between the brackets; nothing between two commas is the empty value. */
function listed(tokens: readonly string[]): string[] | undefined {
  const values: string[] = []
  let current: string | undefined
  for (const token of tokens) {
    if (token === ',') {
      values.push(current ?? '')
      current = undefined
      continue
    }
    if (current !== undefined || labelValueFault(token) !== undefined) return undefined
    current = token
  }
  return [...new Set([...values, current ?? ''])].sort()
}

function isInteger(text: string): boolean {
  return /^-?[0-9]{1,18}$/.test(text)
}

import { copied } from './clean.ts'
import type { SchemaError, Validate } from './generated/validators.js'
import type { Path } from './position.ts'
import type { Review } from './review.ts'
import { pathOf, schemaFinding, standIn, valueAt } from './schema-problems.ts'

export interface Validated<T> {
  /** Of the right shape; members with schema problems are left out of it. */
  readonly written: T
  /** The same with static defaults. */
  readonly object: T
  readonly valid: boolean
}

/**
 * The value by its schema; problems are reported. So that the other rules can be checked in the same go, wrong members
 * are taken out, or replaced where one is required, and the rest is tried again: undefined when that does not help.
 */
export function validated<T>(
  kind: string,
  value: Record<string, unknown>,
  validate: Validate,
  review: Review,
): Validated<T> | undefined {
  const object = copied(value)
  if (validate(object)) return { written: value as T, object: object as T, valid: true }
  const emptied = withoutEmptyWords(value, validate.errors ?? [])
  if (emptied) return validated(kind, emptied, validate, review)
  const rest = copied(value)
  let mayGoOn = true
  for (const error of validate.errors ?? []) {
    const { path, message } = schemaFinding(kind, value, error)
    review.problem(path, message)
    // Without a label the selector would look wrong, too.
    if (path.some((part) => part === 'labels' || part === 'selector')) mayGoOn = false
    replace(rest, path, error.keyword === 'required' ? undefined : standIn(kind, path))
  }
  const filled = copied(rest)
  return mayGoOn && validate(filled) ? { written: rest as T, object: filled as T, valid: false } : undefined
}

/** Kubernetes takes an empty text for "not set" where one of several words is wanted. Undefined when there is none. */
function withoutEmptyWords(
  value: Record<string, unknown>,
  errors: readonly SchemaError[],
): Record<string, unknown> | undefined {
  const paths = errors
    .filter(({ keyword }) => keyword === 'enum')
    .map(({ instancePath }) => pathOf(value, instancePath))
  const empty = paths.filter((path) => valueAt(value, path) === '')
  if (empty.length === 0) return undefined
  const rest = copied(value)
  for (const path of empty) replace(rest, path, undefined)
  return rest
}

function replace(document: unknown, path: Path, value: unknown): void {
  const parent = valueAt(document, path.slice(0, -1))
  const last = path.at(-1)
  if (last === undefined || typeof parent !== 'object' || parent === null || Array.isArray(parent)) return
  const members = parent as Record<string, unknown>
  if (value === undefined) delete members[last]
  else members[last] = value
}

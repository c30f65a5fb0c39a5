import { oneLine } from '../base/errors.ts'
import { stableText } from '../base/hash.ts'
import type { ManifestObject } from '../manifests/types.ts'

const longestValue = 60

/**
 * How an object differs between two revisions, field by field: `spec.replicas: 2 -> 3`. Items of lists that have a name are
 * matched by it. Values of a Secret are never shown.
 */
export function objectChanges(before: ManifestObject | undefined, after: ManifestObject | undefined): string[] {
  if (!before) return after ? ['new'] : []
  if (!after) return ['removed']
  if (before === after) return []
  const secret = after.kind === 'Secret'
  const shown = (value: unknown): string => (secret ? '***' : shortText(value))
  const changes: string[] = []
  walk('', before, after, (path, from, to) => {
    if (secret && from !== undefined && to !== undefined) changes.push(`${path}: changed`)
    else if (from === undefined) changes.push(`${path}: added ${shown(to)}`)
    else if (to === undefined) changes.push(`${path}: removed ${shown(from)}`)
    else changes.push(`${path}: ${shown(from)} -> ${shown(to)}`)
  })
  return changes
}

function walk(
  path: string,
  from: unknown,
  to: unknown,
  differs: (path: string, from: unknown, to: unknown) => void,
): void {
  if (stableText(from ?? null) === stableText(to ?? null)) return
  const left = members(from)
  const right = members(to)
  if (!left || !right) {
    differs(path, from, to)
    return
  }
  for (const name of [...new Set([...left.keys(), ...right.keys()])].sort()) {
    const inside = name.startsWith('[') || path === '' ? `${path}${name}` : `${path}.${name}`
    walk(inside, left.get(name), right.get(name), differs)
  }
}

/** Members of a map, or items of a list whose items all have a name; undefined for what is compared as a whole. */
function members(value: unknown): ReadonlyMap<string, unknown> | undefined {
  if (Array.isArray(value)) {
    const names = value.map((item: unknown) => nameOf(item))
    return names.every((name) => name !== undefined)
      ? new Map(value.map((item, index) => [`[${names[index]}]`, item]))
      : undefined
  }
  return typeof value === 'object' && value !== null ? new Map(Object.entries(value)) : undefined
}

/** Templates of claims have theirs in their metadata. */
function nameOf(item: unknown): string | undefined {
  if (typeof item !== 'object' || item === null) return undefined
  if ('metadata' in item) return nameOf(item.metadata)
  return 'name' in item && typeof item.name === 'string' ? item.name : undefined
}

function shortText(value: unknown): string {
  return oneLine(typeof value === 'string' ? value : stableText(value), longestValue)
}

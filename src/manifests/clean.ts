import type { Path } from './position.ts'

export interface Cleaned {
  readonly value: Record<string, unknown>
  /** Taken away: kept by the API server, and without meaning in a repository. */
  readonly dropped: readonly Path[]
}

/** Members of metadata that an API server fills in. */
const serverOwned = [
  'creationTimestamp',
  'deletionGracePeriodSeconds',
  'deletionTimestamp',
  'finalizers',
  'generation',
  'managedFields',
  'ownerReferences',
  'resourceVersion',
  'selfLink',
  'uid',
]

const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration'

/** Maps from text to text, in which null is the empty text. */
const textMaps: ReadonlySet<string> = new Set([
  'annotations',
  'binaryData',
  'data',
  'labels',
  'matchLabels',
  'nodeSelector',
  'stringData',
])

/** A copy without `status`, without what servers keep in `metadata`, and without nulls, which kubectl reads as "not there". */
export function cleaned(value: Readonly<Record<string, unknown>>): Cleaned {
  const copy = withoutNulls(value, '') as Record<string, unknown>
  const dropped: Path[] = []
  if (copy.status !== undefined) dropped.push(['status'])
  delete copy.status
  const { metadata } = copy
  if (typeof metadata === 'object' && metadata !== null) {
    const members = metadata as Record<string, unknown>
    for (const name of serverOwned) {
      if (members[name] === undefined) continue
      delete members[name]
      dropped.push(['metadata', name])
    }
    const { annotations } = members
    if (typeof annotations === 'object' && annotations !== null && Object.hasOwn(annotations, lastApplied)) {
      delete (annotations as Record<string, unknown>)[lastApplied]
      dropped.push(['metadata', 'annotations', lastApplied])
    }
  }
  return { value: copy, dropped }
}

function withoutNulls(value: unknown, name: string): unknown {
  if (Array.isArray(value)) return value.map((item) => withoutNulls(item, ''))
  if (typeof value !== 'object' || value === null) return value
  const copy: Record<string, unknown> = {}
  for (const [key, member] of Object.entries(value)) {
    if (member !== null) copy[key] = withoutNulls(member, key)
    else if (textMaps.has(name)) copy[key] = ''
  }
  return copy
}

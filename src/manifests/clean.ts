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

/** A copy without `status`, without what servers keep in `metadata`, and without nulls, which mean "not there". */
export function cleaned(value: Readonly<Record<string, unknown>>): Cleaned {
  const copy = withoutNulls(value, '') as Record<string, unknown>
  const dropped: Path[] = []
  if (copy.status !== undefined) dropped.push(['status'])
  delete copy.status
  dropped.push(...dropMetadata(copy, ['metadata']))
  dropped.push(...dropMetadata(copy, ['spec', 'template', 'metadata']))
  return { value: copy, dropped }
}

/** Takes away, in a copy, what a server keeps in the metadata at `path`. */
function dropMetadata(copy: unknown, path: Path): Path[] {
  const metadata = path.reduce((value, name) => (isMap(value) ? value[name] : undefined), copy)
  if (!isMap(metadata)) return []
  const names = serverOwned.filter((name) => metadata[name] !== undefined)
  for (const name of names) delete metadata[name]
  const dropped: Path[] = names.map((name) => [...path, name])
  const { annotations } = metadata
  if (isMap(annotations) && Object.hasOwn(annotations, lastApplied)) {
    delete annotations[lastApplied]
    dropped.push([...path, 'annotations', lastApplied])
  }
  return dropped
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A copy of plain data, which may be written to. */
export function copied<T>(value: T): T {
  return copiedValue(value) as T
}

function copiedValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copiedValue)
  if (typeof value !== 'object' || value === null) return value
  const copy: Record<string, unknown> = {}
  for (const [key, member] of Object.entries(value)) copy[key] = copiedValue(member)
  return copy
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

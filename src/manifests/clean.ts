import { shortHash } from '../base/hash.ts'
import type { Path } from './position.ts'
import { valueAt } from './schema-problems.ts'

export interface Cleaned {
  readonly value: Record<string, unknown>
  /** Taken away: kept by the API server, and without meaning in a repository. */
  readonly dropped: readonly Path[]
  /** The name that was made from `generateName`; undefined: it has one of its own. */
  readonly named: string | undefined
}

/** Members of metadata that an API server fills in. */
const serverOwned = [
  'creationTimestamp',
  'deletionGracePeriodSeconds',
  'deletionTimestamp',
  'finalizers',
  'generateName',
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
  const named = nameGenerated(copy)
  if (copy.status !== undefined) dropped.push(['status'])
  delete copy.status
  for (const path of metadataPaths) dropped.push(...dropMetadata(copy, path))
  const claims = valueAt(copy, ['spec', 'volumeClaimTemplates'])
  for (const [index, claim] of (Array.isArray(claims) ? claims : []).entries()) {
    const path = ['spec', 'volumeClaimTemplates', index]
    dropped.push(...dropMetadata(copy, [...path, 'metadata']))
    if (!isMap(claim) || claim.status === undefined) continue
    delete claim.status
    dropped.push([...path, 'status'])
  }
  return { value: copy, dropped, named }
}

/** Gives an object that has only `generateName` a name that stays as long as it stays as it is. */
function nameGenerated(copy: Record<string, unknown>): string | undefined {
  const { metadata, kind, spec } = copy
  if (!isMap(metadata)) return undefined
  const { generateName, name } = metadata
  if (typeof generateName !== 'string' || (name !== undefined && name !== '')) return undefined
  const named = `${generateName}${shortHash({ kind, spec }, 8)}`
  metadata.name = named
  delete metadata.generateName
  return named
}

/** Of the object and of the templates in it. */
const metadataPaths: readonly Path[] = [
  ['metadata'],
  ['spec', 'template', 'metadata'],
  ['spec', 'jobTemplate', 'metadata'],
  ['spec', 'jobTemplate', 'spec', 'template', 'metadata'],
]

/** Takes away, in a copy, what a server keeps in the metadata at `path`. */
function dropMetadata(copy: unknown, path: Path): Path[] {
  const metadata = valueAt(copy, path)
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

import { shortHash } from '../../base/hash.ts'
import type { DownwardAPIVolumeFile, KeyToPath, Volume, VolumeProjection } from '../../manifests/types.ts'
import type { VolumeContents, VolumeFile } from '../../runtime/port.ts'
import { bytesOf, type ConfigKind, objectText } from './config-data.ts'
import type { Lookup } from './environment.ts'
import { fieldText, resourceText } from './pod-fields.ts'

/** What is to be in a volume that Berth fills. */
export interface Filling {
  readonly contents: VolumeContents
  /** Something in it comes from a Secret. */
  readonly secret: boolean
  /** What required references do not find. */
  readonly missing: readonly string[]
}

type Source = Pick<VolumeProjection, 'configMap' | 'secret' | 'downwardAPI'>

/** Some files, and what was not found for others. */
interface Part {
  readonly files: readonly VolumeFile[]
  readonly missing: readonly string[]
}

/** The files of a ConfigMap, Secret, downward API or projected volume; undefined for the other volumes. */
export function fillingOf(volume: Volume, facts: Lookup): Filling | undefined {
  const found = sourcesOf(volume)
  if (!found) return undefined
  const parts = found.sources.flatMap((source) => partsOf(source, found.mode, facts))
  // Of two files of one path the later source wins.
  const files = new Map(parts.flatMap((part) => part.files.map((file) => [file.path, file])))
  const sorted = [...files.values()].sort((a, b) => (a.path < b.path ? -1 : 1))
  return {
    contents: { version: shortHash(sorted), files: sorted },
    secret: found.sources.some(({ secret }) => secret !== undefined),
    missing: parts.flatMap((part) => part.missing),
  }
}

function sourcesOf(volume: Volume): { readonly sources: readonly Source[]; readonly mode: number } | undefined {
  const { configMap, secret, downwardAPI, projected } = volume
  if (configMap) return { sources: [{ configMap }], mode: configMap.defaultMode }
  if (secret) {
    const { secretName: name, ...rest } = secret
    return { sources: [{ secret: name === undefined ? rest : { ...rest, name } }], mode: secret.defaultMode }
  }
  if (downwardAPI) return { sources: [{ downwardAPI }], mode: downwardAPI.defaultMode }
  return projected && { sources: projected.sources ?? [], mode: projected.defaultMode }
}

function partsOf({ configMap, secret, downwardAPI }: Source, mode: number, facts: Lookup): Part[] {
  return [
    ...(configMap ? [configPart('ConfigMap', configMap, mode, facts)] : []),
    ...(secret ? [configPart('Secret', secret, mode, facts)] : []),
    ...(downwardAPI?.items ?? []).map((item) => factPart(item, mode, facts)),
  ]
}

interface ConfigSource {
  readonly name?: string
  readonly items?: readonly KeyToPath[]
  readonly optional?: boolean
}

function configPart(
  kind: ConfigKind,
  { name = '', items, optional = false }: ConfigSource,
  mode: number,
  { lookup, namespace }: Lookup,
): Part {
  const object = lookup(kind, name)
  const title = objectText(kind, namespace, name)
  if (!object) return { files: [], missing: optional ? [] : [title] }
  const data = bytesOf(object)
  const wanted: readonly KeyToPath[] = items ?? [...data.keys()].map((key) => ({ key, path: key }))
  const parts = wanted.map((item): Part => {
    const file = data.get(item.key)
    if (!file) return { files: [], missing: optional ? [] : [`key "${item.key}" of ${title}`] }
    return { files: [{ path: relativePath(item.path), mode: item.mode ?? mode, ...file }], missing: [] }
  })
  return { files: parts.flatMap(({ files }) => files), missing: parts.flatMap(({ missing }) => missing) }
}

function factPart(item: DownwardAPIVolumeFile, mode: number, facts: Lookup): Part {
  const data = item.fieldRef
    ? fieldText(item.fieldRef.fieldPath, facts)
    : item.resourceFieldRef && resourceText(item.resourceFieldRef, undefined, facts)
  if (data === undefined) return { files: [], missing: [`what file ${item.path} of the pod's own facts names`] }
  return { files: [{ path: relativePath(item.path), mode: item.mode ?? mode, data, encoding: 'utf8' }], missing: [] }
}

/** Without what means nothing: `./a//b` is `a/b`. */
function relativePath(path: string): string {
  return path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/')
}

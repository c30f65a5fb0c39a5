import { found, oneOf } from '../found.ts'
import { dataKeyFault } from '../names.ts'
import type { Path } from '../position.ts'
import { type Review, reportFault } from '../review.ts'
import type { DownwardAPIVolumeFile, KeyToPath, VolumeProjection } from '../types.ts'
import { resourceFields, reviewNamed } from './env.ts'

const fieldPaths = ['metadata.name', 'metadata.namespace', 'metadata.uid', 'metadata.labels', 'metadata.annotations']
const fieldMember = /^metadata\.(?:labels|annotations)\['[^']+'\]$/

type Member = 'configMap' | 'secret' | 'downwardAPI' | 'serviceAccountToken'
type Sources = { readonly [M in Member]?: VolumeProjection[M] | undefined }

/** Files of a ConfigMap, a Secret or the downward API below `path`; answers the paths that are named. */
export function reviewProjected(
  { configMap, secret, downwardAPI, serviceAccountToken }: Sources,
  containers: readonly string[],
  path: Path,
  review: Review,
): string[] {
  const files: string[] = []
  for (const [member, source] of Object.entries({ configMap, secret })) {
    if (!source) continue
    const at = [...path, member]
    reviewNamed(source.name, [...at, 'name'], review)
    reviewItems(source.items, at, review)
    files.push(...(source.items ?? []).map((item) => item.path))
  }
  for (const [index, file] of (downwardAPI?.items ?? []).entries()) {
    reviewFact(file, containers, [...path, 'downwardAPI', 'items', index], review)
    files.push(file.path)
  }
  if (serviceAccountToken) {
    const at = [...path, 'serviceAccountToken', 'path']
    reportFault(review, at, filePathFault(serviceAccountToken.path), found(serviceAccountToken.path))
  }
  return files
}

/** Keys of a ConfigMap or Secret, and the files that they become. */
export function reviewItems(items: readonly KeyToPath[] = [], path: Path, review: Review): void {
  for (const [index, { key, path: file, mode }] of items.entries()) {
    const at = [...path, 'items', index]
    reportFault(review, [...at, 'key'], dataKeyFault(key), found(key))
    reportFault(review, [...at, 'path'], filePathFault(file), found(file))
    reviewMode(mode, [...at, 'mode'], review)
  }
}

function reviewFact(
  { path: file, fieldRef, resourceFieldRef, mode }: DownwardAPIVolumeFile,
  containers: readonly string[],
  path: Path,
  review: Review,
): void {
  reportFault(review, [...path, 'path'], filePathFault(file), found(file))
  reviewMode(mode, [...path, 'mode'], review)
  if (!fieldRef === !resourceFieldRef) {
    review.problem(path, `expected one of fieldRef or resourceFieldRef, found ${fieldRef ? 'both' : 'none'}`)
  }
  if (fieldRef && !fieldPaths.includes(fieldRef.fieldPath) && !fieldMember.test(fieldRef.fieldPath)) {
    const known = [...fieldPaths, "metadata.labels['KEY']", "metadata.annotations['KEY']"]
    review.problem([...path, 'fieldRef', 'fieldPath'], `expected ${oneOf(known)}, found ${found(fieldRef.fieldPath)}`)
  }
  if (!resourceFieldRef) return
  const at = [...path, 'resourceFieldRef']
  const { resource, containerName = '' } = resourceFieldRef
  if (!resourceFields.includes(resource)) {
    review.problem([...at, 'resource'], `expected ${oneOf(resourceFields)}, found ${found(resource)}`)
  }
  if (containerName === '') review.problem([...at, 'containerName'], `expected ${oneOf(containers)}, found nothing`)
  else if (!containers.includes(containerName)) {
    review.warn(
      [...at, 'containerName'],
      `expected ${oneOf(containers)}, found ${found(containerName)}: the pod waits for it`,
    )
  }
}

/** Permission bits. */
export function reviewMode(mode: number | undefined, path: Path, review: Review): void {
  if (mode === undefined || (mode >= 0 && mode <= 0o777)) return
  review.problem(path, `expected permission bits from 0 to 0777 (511), found ${found(mode)}`)
}

/** A path inside a volume. */
export function filePathFault(text: string): string | undefined {
  const fine = text !== '' && !text.startsWith('/') && !text.split('/').includes('..')
  return fine ? undefined : 'expected a relative path without ".."'
}

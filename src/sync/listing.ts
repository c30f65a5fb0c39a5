import type { FileRef } from './port.ts'

/** A file that is new or different (`oid`), or gone (undefined). */
export interface FileChange {
  readonly path: string
  readonly oid: string | undefined
}

export function byPath(a: { readonly path: string }, b: { readonly path: string }): number {
  return a.path < b.path ? -1 : a.path > b.path ? 1 : 0
}

/** The files after the changes; both lists sorted by path, and so is the result. */
export function withChanges(files: readonly FileRef[], changes: readonly FileChange[]): FileRef[] {
  const result: FileRef[] = []
  let at = 0
  for (const { path, oid } of changes) {
    while (at < files.length && files[at]!.path < path) result.push(files[at++]!)
    if (files[at]?.path === path) at++
    if (oid !== undefined) result.push({ path, oid })
  }
  while (at < files.length) result.push(files[at++]!)
  return result
}

/** What makes `after` of `before`; both sorted by path. */
export function changesBetween(before: readonly FileRef[], after: readonly FileRef[]): FileChange[] {
  const old = new Map(before.map(({ path, oid }) => [path, oid]))
  const changes: FileChange[] = after.filter(({ path, oid }) => old.get(path) !== oid)
  for (const { path } of after) old.delete(path)
  return [...changes, ...[...old.keys()].map((path) => ({ path, oid: undefined }))].sort(byPath)
}

import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { parseAllDocuments } from 'yaml'

export interface ManifestFile {
  /** From the root of the corpus. */
  readonly path: string
  readonly bytes: Uint8Array
}

/** One folder and the manifests that lie in it, without those of folders below. */
export interface Folder {
  readonly path: string
  readonly files: readonly ManifestFile[]
}

/** Files that are a tool's input and no manifests. */
const toolFiles =
  /^(kustomization|Chart|values([-.].*)?|docker-compose.*|compose.*|skaffold.*|\.travis|mkdocs.*)\.ya?ml$/i

/** All folders with manifests below `root`, sorted. Chart templates, kustomizations and their patches, and compose files are left out. */
export function foldersOf(root: string): Folder[] {
  const folders: Folder[] = []
  walk(root)
  return folders.sort((a, b) => (a.path < b.path ? -1 : 1))

  function walk(directory: string): void {
    const entries = readdirSync(directory, { withFileTypes: true })
    const names = new Set(entries.map(({ name }) => name))
    if (names.has('Chart.yaml') || names.has('Chart.yml')) return
    const files = entries
      .filter(({ name }) => !names.has('kustomization.yaml') && /\.ya?ml$/i.test(name) && !toolFiles.test(name))
      .map(({ name }) => ({ path: relative(root, join(directory, name)), bytes: readFileSync(join(directory, name)) }))
      .filter(isManifest)
    if (files.length > 0) folders.push({ path: relative(root, directory) || '.', files })
    for (const entry of entries) if (entry.isDirectory()) walk(join(directory, entry.name))
  }
}

/** It has at least one document with a kind and an apiVersion, or cannot be read at all, which is for Berth to say. */
function isManifest({ bytes }: ManifestFile): boolean {
  const text = new TextDecoder().decode(bytes)
  return /^\s*kind:/m.test(text) && /^\s*apiVersion:/m.test(text)
}

export type PlainObject = Record<string, unknown>

/** The documents of a file as plain data; those that are none, or broken, are left out. */
export function documentsOf({ bytes }: ManifestFile): PlainObject[] {
  const documents = parseAllDocuments(new TextDecoder().decode(bytes), { version: '1.1', uniqueKeys: false })
  return [...documents].flatMap((document) => {
    if (document.errors.length > 0) return []
    const value: unknown = document.toJS()
    return flattened(value)
  })
}

function flattened(value: unknown): PlainObject[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return []
  const object = value as PlainObject
  if (object.kind === 'List' && Array.isArray(object.items)) return object.items.flatMap(flattened)
  return typeof object.kind === 'string' && typeof object.apiVersion === 'string' ? [object] : []
}

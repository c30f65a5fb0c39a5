import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'

export interface ManifestFile {
  /** From the root of the corpus. */
  readonly path: string
  readonly bytes: Uint8Array
}

/** Where manifests come from: written as they are, or rendered by kubectl or helm. */
export const sources = ['manifests', 'kustomization', 'chart'] as const
export type Source = (typeof sources)[number]

/** One folder and the manifests that lie in it, without those of folders below, or that were rendered from it. */
export interface Folder {
  readonly path: string
  readonly source: Source
  readonly files: readonly ManifestFile[]
}

/** A folder that has to be rendered. */
export interface Project {
  readonly path: string
  readonly source: Exclude<Source, 'manifests'>
}

/** What kubectl takes for one. */
export const kustomizationNames = ['kustomization.yaml', 'kustomization.yml', 'Kustomization']

/** Files that are a tool's input and no manifests. */
const toolFiles =
  /^(kustomization|Chart|values([-.].*)?|docker-compose.*|compose.*|skaffold.*|\.travis|mkdocs.*)\.ya?ml$/i

/** All folders with manifests below `root`, sorted. Chart templates, kustomizations and their patches, and compose files are left out. */
export function foldersOf(root: string): Folder[] {
  return directoriesBelow(root).flatMap(({ path, names }) => {
    if (sourceOf(names) !== 'manifests') return []
    const files = names
      .filter((name) => /\.ya?ml$/i.test(name) && !toolFiles.test(name))
      .map((name) => ({ path: join(path, name), bytes: readFileSync(join(root, path, name)) }))
      .filter(isManifest)
    return files.length > 0 ? [{ path, source: 'manifests' as const, files }] : []
  })
}

/** All kustomizations and charts below `root`, sorted; charts inside of charts belong to these. */
export function projectsOf(root: string): Project[] {
  return directoriesBelow(root).flatMap(({ path, names }) => {
    const source = sourceOf(names)
    return source === 'manifests' ? [] : [{ path, source }]
  })
}

function sourceOf(names: readonly string[]): Source {
  if (names.includes('Chart.yaml') || names.includes('Chart.yml')) return 'chart'
  return kustomizationNames.some((name) => names.includes(name)) ? 'kustomization' : 'manifests'
}

interface Directory {
  /** From the root; the root itself is `.`. */
  readonly path: string
  /** Of its files. */
  readonly names: readonly string[]
}

/** Sorted by path, without what lies below a chart. */
function directoriesBelow(root: string): Directory[] {
  const walk = (path: string): Directory[] => {
    const entries = readdirSync(join(root, path), { withFileTypes: true })
    const names = entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name)
    const below = sourceOf(names) === 'chart' ? [] : entries.filter((entry) => entry.isDirectory())
    return [{ path, names }, ...below.flatMap(({ name }) => walk(join(path, name)))]
  }
  return walk('.').sort((a, b) => (a.path < b.path ? -1 : 1))
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

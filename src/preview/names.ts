import { shortHash } from '../base/hash.ts'

/** Names of namespaces, labels and parts of host names. */
const longestLabel = 63
const hashLength = 6

/** What a pull request is called in names: `pr-12`. */
export function pullRequestId(number: number): string {
  return `pr-${number}`
}

/** What a branch is called in names: its words, and a hash where they are not the whole of it, as two branches may have the same words. */
export function branchId(branch: string): string {
  const words = branch
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
  return words === branch && words.length <= 30 ? words : joined(words.slice(0, 30), shortHash(branch, hashLength))
}

/** The namespace of a preview, which is its name, too: `shop-pr-12`. Cut with a hash where it is longer than a label. */
export function previewName(app: string, id: string): string {
  const name = `${app}-${id}`
  if (name.length <= longestLabel) return name
  const hash = shortHash(name, hashLength)
  const room = longestLabel - id.length - hash.length - 2
  return room > 0 ? joined(app.slice(0, room), hash, id) : joined(name.slice(0, longestLabel - hash.length - 1), hash)
}

/** What configured applications cannot have in their names: whose a preview is stands in its name, and so in the labels of all it has. */
const between = '/'

/** The name of a preview's Application: `shop/pr-12`. */
export function previewAppName(app: string, id: string): string {
  return `${app}${between}${id}`
}

/** Whose preview an Application of this name is; undefined: it is none. */
export function previewOf(name: string): { readonly app: string; readonly id: string } | undefined {
  const at = name.indexOf(between)
  return at < 0 ? undefined : { app: name.slice(0, at), id: name.slice(at + between.length) }
}

function joined(...parts: readonly string[]): string {
  return parts
    .map((part) => part.replace(/^-+|-+$/g, ''))
    .filter((part) => part !== '')
    .join('-')
}

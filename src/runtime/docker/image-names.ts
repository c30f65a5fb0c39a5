// Image references as people write them. Pure.
const registries = ['docker.io', 'index.docker.io']

export interface ImageName {
  /** With the registry, if one was given. */
  readonly name: string
  /** A tag, or a digest with its `sha256:`. */
  readonly tag: string
}

/** `nginx` -> nginx, latest; `reg:5000/a/b:1@sha256:…` -> reg:5000/a/b, sha256:… (a digest outranks the tag, as in Docker). */
export function parseImage(reference: string): ImageName {
  const [before = '', digest] = reference.split('@')
  const colon = before.lastIndexOf(':')
  const tagged = colon > before.lastIndexOf('/')
  const name = tagged ? before.slice(0, colon) : before
  return { name, tag: digest ?? (tagged ? before.slice(colon + 1) : 'latest') }
}

/** Host and port of the registry, and the path there: `nginx` -> docker.io, library/nginx. */
export function registryOf(reference: string): { readonly registry: string; readonly path: string } {
  const { name } = parseImage(reference)
  const named = namedRegistry(name)
  const path = named === undefined ? name : name.slice(named.length + 1)
  if (named !== undefined && !registries.includes(named)) return { registry: named, path }
  return { registry: 'docker.io', path: path.includes('/') ? path : `library/${path}` }
}

/** What comes before the first slash is a registry if it looks like a host, else it is part of a name. */
function namedRegistry(name: string): string | undefined {
  const first = name.split('/')[0] ?? ''
  return name.includes('/') && (/[.:]/.test(first) || first === 'localhost') ? first : undefined
}

/** All references by which one image can be asked for, out of what the engine lists. */
export function referencesOf(id: string, tags: readonly string[], digests: readonly string[]): string[] {
  const found = new Set([id, id.replace(/^sha256:/, '')])
  for (const tag of tags) for (const reference of spellings(tag)) found.add(reference)
  for (const digest of digests) {
    for (const reference of spellings(digest)) found.add(reference)
    const { name, tag: sum } = parseImage(digest)
    // `name:tag@digest` is looked up by its digest alone.
    for (const tag of tags.filter((each) => parseImage(each).name === name)) {
      for (const reference of spellings(`${tag}@${sum}`)) found.add(reference)
    }
  }
  return [...found]
}

function spellings(reference: string): string[] {
  if (reference.startsWith('<none>')) return []
  const short = reference.endsWith(':latest') ? [reference, reference.slice(0, -':latest'.length)] : [reference]
  return short.flatMap((text) => {
    if (namedRegistry(text) !== undefined) return [text]
    const paths = text.includes('/') ? [text] : [text, `library/${text}`]
    return [...paths, ...paths.flatMap((path) => registries.map((registry) => `${registry}/${path}`))]
  })
}

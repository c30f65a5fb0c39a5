/** One path of an Ingress rule. */
export interface PathRule {
  /** Empty or not set: `/`. */
  readonly path?: string
  /** ImplementationSpecific is taken for Prefix, as most controllers do. */
  readonly pathType: 'Exact' | 'Prefix' | 'ImplementationSpecific'
}

/** `requestPath` without its query, as the client wrote it: letter case counts, nothing is decoded. */
export function matchesPath({ path = '', pathType }: PathRule, requestPath: string): boolean {
  if (pathType === 'Exact') return path === requestPath
  const requested = elements(requestPath)
  return elements(path).every((element, index) => element === requested[index])
}

/**
 * The order in which a proxy has to try paths of one host so that the first match is the right one: Exact, then more elements, then as
 * written. An Exact path that matches is the whole request, so no Prefix that matches can be longer.
 */
export function byPathPrecedence(a: PathRule, b: PathRule): number {
  const exact = Number(b.pathType === 'Exact') - Number(a.pathType === 'Exact')
  return exact || elements(b.path ?? '').length - elements(a.path ?? '').length
}

/** The path that serves a request; undefined: none, the default backend does. */
export function choosePath<T extends PathRule>(rules: readonly T[], requestPath: string): T | undefined {
  return rules.filter((rule) => matchesPath(rule, requestPath)).sort(byPathPrecedence)[0]
}

/** Empty elements do not count: `/a//b/` is `/a/b` to a Prefix. */
function elements(path: string): readonly string[] {
  return path.split('/').filter((element) => element !== '')
}

/** Of two rules of one host that serve the same requests it is the same. */
export function pathKey({ path = '', pathType }: PathRule): string {
  return pathType === 'Exact' ? `=${path}` : `${normalPath(path)}*`
}

/** Begins and ends with a slash: what a Prefix is compared by. */
export function normalPath(path: string): string {
  return ['', ...elements(path), ''].join('/')
}

import { hostToken, prefixKey } from './ingress-haproxy-maps.ts'
import { conditionLines, word } from './ingress-words.ts'
import type { IngressRoute } from './table.ts'

interface Place {
  readonly route: IngressRoute
  readonly backend: string
}

/** Whether the path is a regular expression: who asks for it, and who takes groups of it for another path. */
export function isRegex({ pathType, path, isDefault, options }: IngressRoute): boolean {
  if (isDefault || pathType === 'Exact') return false
  return options.useRegex || (options.rewriteTarget !== undefined && /[\\^$*+?()[\]{}|]/.test(path))
}

/** Anchored at the beginning, whatever the case. */
export function pathRegex(path: string): string {
  return `(?i)^${path.replace(/^\^/, '')}`
}

/** Undefined: it is one. */
export function regexFault(path: string): string | undefined {
  try {
    new RegExp(path)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/**
 * The paths of hosts that have regular expressions: the longest as written is tried first, also before longer paths that are none.
 * Of an Ingress that HAProxy refuses the expressions are not used, but what begins like them is not left to others.
 */
export function regexLines(places: readonly Place[], isRefused: (route: IngressRoute) => boolean): readonly string[] {
  const hosts = new Map<string, Place[]>()
  for (const place of places) {
    const { route } = place
    if (route.pathType === 'Exact' || route.isDefault) continue
    const host = hostToken(route.host)
    hosts.set(host, [...(hosts.get(host) ?? []), place])
  }
  return [...hosts.keys()].sort().flatMap((host) => {
    const sorted = [...(hosts.get(host) ?? [])].sort((a, b) => b.route.path.length - a.route.path.length)
    const count = sorted.findLastIndex(({ route }) => isRegex(route)) + 1
    return sorted.slice(0, count).map(({ route, backend }) => {
      const matches = isRefused(route) && isRegex(route) ? begins(route) : condition(route)
      return `  http-request set-var(txn.be) str(${backend}) if !{ var(txn.be) -m found } { var(txn.h) -m str -- ${word(host)} } ${matches}`
    })
  })
}

function condition(route: IngressRoute): string {
  if (!isRegex(route)) return `{ var(txn.key) -m beg -- ${word(prefixKey(route))} }`
  if (regexFault(route.path) !== undefined) return begins(route)
  return `{ path -m reg ${word(pathRegex(route.path))} }`
}

/**
 * The expressions of an Ingress as conditions that nobody asks for: HAProxy reads them in its own file first, and refuses that one alone
 * if it does not know what JavaScript knows.
 */
export function ownRegexLines(routes: readonly IngressRoute[]): string[] {
  const paths = routes.filter((route) => isRegex(route) && regexFault(route.path) === undefined)
  return conditionLines('known_path', 'path -m reg', [...new Set(paths.map(({ path }) => pathRegex(path)))].sort())
}

/** What stands before the first sign of a regular expression. */
function begins({ path }: IngressRoute): string {
  const [start = '/'] = /^[^\\^$.*+?()[\]{}|]*/.exec(path.replace(/^\^/, '')) ?? []
  return `{ path -i -m beg ${word(start === '' ? '/' : start)} }`
}

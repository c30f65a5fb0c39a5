import { chooseHost } from './ingress-host.ts'
import { choosePath, type PathRule } from './ingress-path.ts'

/** Paths of one host. Several rules, also of several Ingresses, may be of the same host: their paths then count together. */
export interface HostRule<P extends PathRule> {
  /** Empty or not set: any. */
  readonly host?: string
  readonly paths: readonly P[]
}

/**
 * The path that serves a request. The host is chosen first and for good: where none of its paths matches, the default backend answers
 * (undefined), not a less specific host.
 */
export function chooseRoute<P extends PathRule>(
  rules: readonly HostRule<P>[],
  header: string,
  requestPath: string,
): P | undefined {
  const hosts = rules.map(({ host = '' }) => host.toLowerCase())
  const chosen = chooseHost(hosts, header)
  const paths = rules.filter((_, index) => hosts[index] === chosen).flatMap((rule) => rule.paths)
  return choosePath(paths, requestPath)
}

/** The host that a `Host` header names: lower case, without port and closing dot. */
export function requestedHost(header: string): string {
  return header.toLowerCase().replace(/:\d*$/, '').replace(/\.$/, '')
}

/** Whether a rule for `ruleHost` (empty: any host) serves the `Host` header. A `*.` stands for exactly one label. */
export function matchesHost(ruleHost: string, header: string): boolean {
  const rule = ruleHost.toLowerCase()
  const host = requestedHost(header)
  if (!rule.startsWith('*.')) return rule === '' || rule === host
  const dot = host.indexOf('.')
  return dot > 0 && host.slice(dot) === rule.slice(1)
}

/** The order in which a proxy has to try hosts so that the first match is the right one: exact, wildcard, any. */
export function byHostPrecedence(a: string, b: string): number {
  return rank(a) - rank(b)
}

/** The most specific of the rules' hosts that serves the `Host` header; undefined: none. */
export function chooseHost(ruleHosts: readonly string[], header: string): string | undefined {
  return ruleHosts.filter((host) => matchesHost(host, header)).sort(byHostPrecedence)[0]
}

function rank(host: string): number {
  if (host === '') return 2
  return host.startsWith('*.') ? 1 : 0
}

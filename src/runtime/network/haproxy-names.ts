import type { ServicePortRow, ServiceRow } from './table.ts'

/** Names of one TCP port of a Service. Names of Kubernetes have no underscores, so no two are the same. */
export interface PortNames {
  readonly frontend: string
  /** Of connections. */
  readonly tcp: string
  /** Of requests. */
  readonly http: string
  readonly affinity: string
}

export function portNames({ namespace, name }: ServiceRow, { port }: ServicePortRow): PortNames {
  const base = `${namespace}_${name}_${port}`
  return { frontend: `f_${base}`, tcp: `t_${base}`, http: `h_${base}`, affinity: `a_${base}` }
}

/** The backends that a pod of the port is in; none: there is no address to call, or the kernel carries it. */
export function backendNames(service: ServiceRow, port: ServicePortRow): readonly string[] {
  const names = portNames(service, port)
  if (service.clusterIP === 'None' || service.clusterIP === '') return []
  if (port.protocol !== 'TCP' || port.mode === 'kernel') return []
  return { tcp: [names.tcp], http: [names.http], detect: [names.tcp, names.http] }[port.mode]
}

export function servicePath({ namespace, name }: ServiceRow): string {
  return `haproxy/20-${namespace}_${name}.cfg`
}

/** Numbers for servers, different in one backend, the same in every worker as long as none of them clash. */
export function serverIds(names: readonly string[]): ReadonlyMap<string, number> {
  const taken = new Set<number>()
  return new Map(
    [...names].sort().map((name) => {
      let id = (numberOf(name) % 0x7ffffff0) + 1
      while (taken.has(id)) id += 1
      taken.add(id)
      return [name, id]
    }),
  )
}

/** FNV-1a: thousands of names are numbered at each change. */
function numberOf(name: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < name.length; at += 1) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193)
  return hash >>> 0
}

import type { PlainObject } from './folders.ts'

/** One container of a document, as plain data that may be written to. */
type PlainContainer = Record<string, unknown> & { readonly name?: unknown; image?: unknown }

const endsSoon = { STUB_EXIT_AFTER: '1' }
const listFields = ['initContainers', 'containers']

/** The pod spec of a workload of any kind; undefined for what has no pods. */
export function podSpecOf(document: PlainObject): PlainObject | undefined {
  const paths = [['spec', 'template', 'spec'], ['spec', 'jobTemplate', 'spec', 'template', 'spec'], ['spec']]
  const found = paths
    .map((path) => at(document, path))
    .find((spec) => spec !== undefined && Array.isArray(spec.containers))
  return found
}

function at(value: PlainObject, path: readonly string[]): PlainObject | undefined {
  let current: unknown = value
  for (const name of path) current = isMap(current) ? current[name] : undefined
  return isMap(current) ? current : undefined
}

function isMap(value: unknown): value is PlainObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * Makes a document runnable with stand-in images, in place: nothing is pulled, digests are dropped, and each container's stand-in
 * listens on the ports that the manifest names for it. Answers the images.
 */
export function prepare(document: PlainObject): string[] {
  const spec = podSpecOf(document)
  if (!spec) return []
  // A stand-in serves for ever; what a Job runs comes to an end.
  const ends = document.kind === 'Job' || document.kind === 'CronJob'
  const containers = listFields.flatMap((field) => (Array.isArray(spec[field]) ? (spec[field] as unknown[]) : []))
  const taken = new Set<string>()
  return containers.filter(isMap).flatMap((container: PlainContainer, index) => {
    if (typeof container.image !== 'string') return []
    container.image = container.image.replace(/@sha256:.*$/, '')
    container.imagePullPolicy = 'IfNotPresent'
    const ports = portsOf(container).filter((port) => !taken.has(port))
    for (const port of ports) taken.add(port)
    const env = Array.isArray(container.env) ? container.env : []
    const own = { STUB_PORTS: ports.length > 0 ? ports.join(',') : String(18_080 + index), ...(ends && endsSoon) }
    container.env = [...env, ...Object.entries(own).map(([name, value]) => ({ name, value }))]
    return [String(container.image)]
  })
}

/** `8080`, `53/UDP`: declared, and asked for by probes. */
function portsOf(container: PlainContainer): string[] {
  const declared = (Array.isArray(container.ports) ? container.ports : []).filter(isMap).flatMap((port) => {
    const number = Number(port.containerPort)
    return number > 0 ? [port.protocol === 'UDP' ? `${number}/UDP` : String(number)] : []
  })
  const probes = ['readinessProbe', 'livenessProbe', 'startupProbe'].flatMap((name) => {
    const probe = container[name]
    if (!isMap(probe)) return []
    return ['httpGet', 'tcpSocket', 'grpc'].flatMap((way) => {
      const check = probe[way]
      return isMap(check) && Number(check.port) > 0 ? [String(check.port)] : []
    })
  })
  return [...new Set([...declared, ...probes])]
}

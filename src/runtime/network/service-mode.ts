import { serviceModeAnnotation, serviceModes } from '../../manifests/service-mode.ts'
import type { PodSpec, Probe, ServicePort } from '../../manifests/types.ts'
import type { ServicePortRow } from './table.ts'

const httpPorts = new Set([80, 3000, 4200, 5000, 8000, 8008, 8080, 8081, 8088, 8888, 9090])

/**
 * Requests of HTTP are carried one by one, so that a pod that goes takes no connection with it. Who says so by `appProtocol` is taken at
 * its word; where port or probes look like it, the client's first bytes decide; all else goes connection by connection.
 */
export function modeOf(
  { name = '', port, appProtocol, targetPort }: ServicePort,
  annotations: Readonly<Record<string, string>>,
  specs: readonly PodSpec[],
): ServicePortRow['mode'] {
  const asked = serviceModes.find((mode) => mode === annotations[serviceModeAnnotation])
  if (asked) return asked
  if (appProtocol !== undefined) return /^(http|kubernetes\.io\/ws)$/i.test(appProtocol) ? 'http' : 'tcp'
  const looksLike = /^(http|web|www)(?!s)/.test(name) || httpPorts.has(port) || httpPorts.has(Number(targetPort))
  return looksLike || specs.some((spec) => isProbedByHttp(spec, targetPort)) ? 'detect' : 'tcp'
}

function isProbedByHttp({ containers }: PodSpec, targetPort: ServicePort['targetPort']): boolean {
  return containers.some(({ ports = [], ...container }) => {
    const same = (port: number | string) =>
      port === targetPort ||
      ports.some(
        ({ name, containerPort }) => isEither(port, name, containerPort) && isEither(targetPort, name, containerPort),
      )
    const probes: readonly (Probe | undefined)[] = [
      container.readinessProbe,
      container.livenessProbe,
      container.startupProbe,
    ]
    return probes.some(
      (probe) => probe?.httpGet !== undefined && probe.httpGet.scheme !== 'HTTPS' && same(probe.httpGet.port),
    )
  })
}

function isEither(port: number | string, name: string | undefined, number: number): boolean {
  return port === number || (name !== undefined && port === name)
}

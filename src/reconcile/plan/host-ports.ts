import type { ContainerPort } from '../../manifests/types.ts'
import type { LivePod, PublishedPort } from '../../runtime/live.ts'

interface PortSpec {
  readonly initContainers?: readonly { readonly ports?: readonly ContainerPort[] }[]
  readonly containers: readonly { readonly ports?: readonly ContainerPort[] }[]
}

export function portsOf(spec: PortSpec): PublishedPort[] {
  return [...(spec.initContainers ?? []), ...spec.containers].flatMap(({ ports }) => (ports ?? []).flatMap(published))
}

function published(port: ContainerPort): PublishedPort[] {
  if (!port.hostPort) return []
  const { containerPort, hostPort, protocol } = port
  return [{ containerPort, hostPort, hostIP: port.hostIP || '0.0.0.0', protocol }]
}

/** Host ports of a pod spec as placement compares them: `hostIP/hostPort/protocol`. */
export function hostPorts(spec: PortSpec): string[] {
  return portsOf(spec).map((port) => `${port.hostIP}/${port.hostPort}/${port.protocol}`)
}

/** Whether its sandbox keeps ports of the host busy, although nothing may be behind them any more. */
export function holdsPorts({ sandbox, spec }: LivePod): boolean {
  if (sandbox?.state !== 'running' || !spec || spec.hostNetwork) return false
  return portsOf(spec).length > 0
}

import type { PodSpec, ServicePort, ServiceSpec } from '../../manifests/types.ts'

/** Whether a Service may send requests to a pod, and why it may not. */
export interface EndpointConditions {
  /** New requests may go there. */
  readonly ready: boolean
  /** It would answer, also while it ends. */
  readonly serving: boolean
  readonly terminating: boolean
}

/** What a Service has to know of a pod. */
export interface ServicePod {
  readonly name: string
  readonly host: string
  readonly labels: Readonly<Record<string, string>>
  /** Undefined: it has none yet. */
  readonly address: string | undefined
  /** The name that it was given (`hostname` of its spec, or the pod's own in a StatefulSet); undefined: none was. */
  readonly hostname: string | undefined
  readonly spec: PodSpec
  readonly ready: boolean
  /** False: Berth has just begun to look; `ready` is a guess. Absent: true. */
  readonly known?: boolean
  readonly leaving: boolean
  /** Succeeded or Failed: it will never answer again. */
  readonly finished: boolean
}

export interface Endpoint extends EndpointConditions {
  readonly pod: string
  readonly known: boolean
  readonly host: string
  readonly address: string
  /** First label of its own DNS name under the Service; undefined: it has none. */
  readonly hostname: string | undefined
  readonly ports: readonly EndpointPort[]
}

export interface EndpointPort {
  /** As in the Service; empty: its only port. */
  readonly name: string
  readonly protocol: ServicePort['protocol']
  /** On the pod. */
  readonly port: number
}

/** No selector, or an empty one, picks no pods: somebody else says where requests go. */
export function selectsPod(selector: ServiceSpec['selector'], labels: Readonly<Record<string, string>>): boolean {
  const wanted = Object.entries(selector ?? {})
  return wanted.length > 0 && wanted.every(([key, value]) => labels[key] === value)
}

export function conditionsOf(
  pod: Pick<ServicePod, 'ready' | 'leaving'>,
  publishNotReadyAddresses: boolean,
): EndpointConditions {
  const ready = publishNotReadyAddresses || (pod.ready && !pod.leaving)
  return { ready, serving: pod.ready, terminating: pod.leaving }
}

/** The pods of a Service that have an address and may still answer, by name; those of its own namespace are given. */
export function endpointsOf(
  service: { readonly name: string; readonly spec: ServiceSpec },
  pods: readonly ServicePod[],
): readonly Endpoint[] {
  const { selector, ports = [], publishNotReadyAddresses = false } = service.spec
  return pods
    .filter((pod) => selectsPod(selector, pod.labels))
    .flatMap((pod): Endpoint[] => {
      if (pod.address === undefined || pod.finished) return []
      const isNamed = pod.hostname !== undefined && pod.spec.subdomain === service.name
      const endpoint = {
        pod: pod.name,
        known: pod.known ?? true,
        host: pod.host,
        address: pod.address,
        hostname: isNamed ? pod.hostname : undefined,
        ports: ports.flatMap((port) => endpointPort(port, pod.spec)),
      }
      return [{ ...endpoint, ...conditionsOf(pod, publishNotReadyAddresses) }]
    })
    .sort((a, b) => (a.pod < b.pod ? -1 : a.pod > b.pod ? 1 : 0))
}

/** Where new requests go: the ready ones; without any, those that end but would still answer. */
export function receivers<E extends EndpointConditions>(endpoints: readonly E[]): readonly E[] {
  const ready = endpoints.filter((endpoint) => endpoint.ready)
  return ready.length > 0 ? ready : endpoints.filter(({ serving, terminating }) => serving && terminating)
}

/** A pod without a port of the wanted name does not take part in that port of the Service. */
function endpointPort({ name = '', protocol, targetPort }: ServicePort, spec: PodSpec): readonly EndpointPort[] {
  const port = typeof targetPort === 'number' ? targetPort : namedPort(targetPort, protocol, spec)
  return port === undefined ? [] : [{ name, protocol, port }]
}

function namedPort(name: string, protocol: ServicePort['protocol'], spec: PodSpec): number | undefined {
  const sidecars = (spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always')
  return [...spec.containers, ...sidecars]
    .flatMap(({ ports = [] }) => ports)
    .find((port) => port.name === name && port.protocol === protocol)?.containerPort
}

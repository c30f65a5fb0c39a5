import { found, quoted } from '../found.ts'
import { Service as validate } from '../generated/validators.js'
import {
  dnsLabelFault,
  dnsNameFault,
  labelKeyFault,
  labelValueFault,
  portNameFault,
  serviceNameFault,
} from '../names.ts'
import { type Review, reportFault } from '../review.ts'
import { serviceModeAnnotation, serviceModeFault } from '../service-mode.ts'
import type { ServicePort, ServiceSpec } from '../types.ts'
import { reviewProtocol } from './endpoints.ts'
import type { KindRow } from './kind.ts'
import { reviewMetadata } from './metadata.ts'
import { completeAddresses, reviewAddresses } from './service-addresses.ts'

const longestAffinity = 86_400

export const service: KindRow<'Service'> = {
  scope: 'Namespaced',
  validate,
  review({ metadata, spec }, review) {
    reviewMetadata(metadata, serviceNameFault, review)
    reviewServiceSpec(spec, review)
    reviewAddresses(spec, metadata, review)
    const mode = metadata.annotations?.[serviceModeAnnotation]
    if (mode === undefined) return
    reportFault(review, ['metadata', 'annotations', serviceModeAnnotation], serviceModeFault(mode), found(mode))
  },
  complete: (object) => ({
    ...object,
    spec: completeAddresses(completeServiceSpec(object.spec), object.metadata),
  }),
}

export function completeServiceSpec(spec: ServiceSpec): ServiceSpec {
  const complete: ServiceSpec = { ...spec }
  if (spec.ports) complete.ports = spec.ports.map(completePort)
  if (spec.type === 'ExternalName') return complete
  complete.internalTrafficPolicy ??= 'Cluster'
  if (spec.type !== 'ClusterIP') complete.externalTrafficPolicy ??= 'Cluster'
  if (spec.type === 'LoadBalancer') complete.allocateLoadBalancerNodePorts ??= true
  if (spec.sessionAffinity === 'ClientIP') {
    const timeoutSeconds = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10_800
    complete.sessionAffinityConfig = { clientIP: { timeoutSeconds } }
  }
  return complete
}

function completePort({ nodePort, ...port }: ServicePort): ServicePort {
  return { ...port, targetPort: port.targetPort || port.port, ...(nodePort ? { nodePort } : {}) }
}

export function reviewServiceSpec(spec: ServiceSpec, review: Review): void {
  const {
    type = 'ClusterIP',
    ports = [],
    selector = {},
    externalName,
    clusterIP,
    sessionAffinity = 'None',
    sessionAffinityConfig,
  } = spec as Partial<ServiceSpec>
  if (type === 'ExternalName') {
    reportFault(
      review,
      ['spec', 'externalName'],
      dnsNameFault((externalName ?? '').replace(/\.$/, '')),
      found(externalName),
    )
    if (clusterIP && clusterIP !== 'None')
      review.problem(['spec', 'clusterIP'], `expected nothing for ExternalName, found ${found(clusterIP)}`)
  } else if (ports.length === 0 && clusterIP !== 'None') {
    review.problem(['spec', 'ports'], 'expected at least one port, found none')
  }
  if (clusterIP === 'None' && (type === 'NodePort' || type === 'LoadBalancer')) {
    review.problem(['spec', 'clusterIP'], `expected an address for the type ${type}, found "None" (string)`)
  }
  for (const [key, value] of Object.entries(selector)) {
    reportFault(review, ['spec', 'selector', key], labelKeyFault(key) ?? labelValueFault(value), found(value))
  }
  if (sessionAffinityConfig?.clientIP && sessionAffinity !== 'ClientIP') {
    const message = `expected nothing for the affinity ${sessionAffinity}, found a map`
    review.problem(['spec', 'sessionAffinityConfig'], message)
  }
  const timeout = sessionAffinityConfig?.clientIP?.timeoutSeconds
  if (timeout !== undefined && (timeout < 1 || timeout > longestAffinity)) {
    const path = ['spec', 'sessionAffinityConfig', 'clientIP', 'timeoutSeconds']
    review.problem(path, `expected a whole number from 1 to ${longestAffinity}, found ${found(timeout)}`)
  }
  reviewPorts(ports, type, review)
}

function reviewPorts(ports: readonly ServicePort[], type: string, review: Review): void {
  const names = new Set<string>()
  const numbers = new Set<string>()
  const nodePorts = new Set<string>()
  for (const [index, { name, port, protocol = 'TCP', targetPort, nodePort, appProtocol }] of ports.entries()) {
    const at = ['spec', 'ports', index]
    reviewProtocol(protocol, [...at, 'protocol'], review)
    if (appProtocol) reportFault(review, [...at, 'appProtocol'], labelKeyFault(appProtocol), found(appProtocol))
    if (name) reportFault(review, [...at, 'name'], dnsLabelFault(name), found(name))
    else if (ports.length > 1)
      review.problem([...at, 'name'], 'expected a name, as there are several ports, found nothing')
    if (name && names.has(name))
      review.problem([...at, 'name'], `expected another name for each port, found ${quoted(name)} again`)
    if (numbers.has(`${port}/${protocol}`))
      review.problem([...at, 'port'], `expected each port once, found ${port}/${protocol} again`)
    names.add(name ?? '')
    numbers.add(`${port}/${protocol}`)
    if (typeof targetPort === 'string' && targetPort !== '')
      reportFault(review, [...at, 'targetPort'], portNameFault(targetPort), found(targetPort))
    if (typeof targetPort === 'number' && (targetPort < 0 || targetPort > 65535)) {
      review.problem([...at, 'targetPort'], `expected a port from 1 to 65535, found ${found(targetPort)}`)
    }
    if (!nodePort) continue
    if (nodePort < 30_000 || nodePort > 32_767) {
      review.problem([...at, 'nodePort'], `expected a port from 30000 to 32767, found ${found(nodePort)}`)
    }
    if (nodePorts.has(`${nodePort}/${protocol}`)) {
      review.problem([...at, 'nodePort'], `expected each node port once, found ${nodePort}/${protocol} again`)
    }
    nodePorts.add(`${nodePort}/${protocol}`)
    if (type !== 'NodePort' && type !== 'LoadBalancer') {
      review.problem([...at, 'nodePort'], `expected nothing for the type ${type}, found ${found(nodePort)}`)
    }
  }
}

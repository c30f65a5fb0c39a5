import { unhonoured } from '../fields.ts'
import { found } from '../found.ts'
import { ipv4Range, isIpv6 } from '../ipv4.ts'
import { labelKeyFault } from '../names.ts'
import { type Review, reportFault } from '../review.ts'
import type { ObjectMeta, ServiceSpec } from '../types.ts'
import { onlyIpv4, reviewRange, reviewTarget } from './addresses.ts'
import { reviewRules } from './rules.ts'

const rangesAnnotation = 'service.beta.kubernetes.io/load-balancer-source-ranges'

/** Values of fields without effect that ask for nothing but what is done anyway. */
const usual: ReadonlySet<unknown> = new Set(['Cluster', 'SingleStack'])

/** Where a Service is to be reached, and by whom. `spec`: as written. */
export function reviewAddresses(spec: Partial<ServiceSpec>, metadata: ObjectMeta, review: Review): void {
  const written = Object.entries(spec).filter(([, value]) => !usual.has(value))
  reviewRules(unhonoured('Service.spec', Object.fromEntries(written)), ['spec'], review)
  reviewClusterIP(spec, review)
  reviewFamilies(spec, review)
  for (const [index, address] of (spec.externalIPs ?? []).entries()) {
    const at = ['spec', 'externalIPs', index]
    if (isIpv6(address)) review.ignored(at, onlyIpv4)
    else reviewTarget(address, at, review)
  }
  reviewBalancer(spec, metadata, review)
}

/** With the source ranges of the annotation, without those that no address of IPv4 is in. */
export function completeAddresses(spec: ServiceSpec, metadata: ObjectMeta): ServiceSpec {
  const ranges = sourceRanges(spec, metadata)?.filter((range) => ipv4Range(range) !== undefined)
  const { externalIPs } = spec
  return {
    ...spec,
    ...(externalIPs && { externalIPs: externalIPs.filter((address) => !isIpv6(address)) }),
    ...(ranges && { loadBalancerSourceRanges: ranges }),
  }
}

function sourceRanges(
  { type, loadBalancerSourceRanges }: Partial<ServiceSpec>,
  { annotations = {} }: ObjectMeta,
): readonly string[] | undefined {
  const ranges = loadBalancerSourceRanges?.map((range) => range.trim()) ?? []
  if (ranges.length > 0) return ranges
  const text = annotations[rangesAnnotation]?.trim() ?? ''
  return type === 'LoadBalancer' && text !== '' ? text.split(',').map((range) => range.trim()) : undefined
}

function reviewClusterIP({ type, clusterIP = '', clusterIPs = [] }: Partial<ServiceSpec>, review: Review): void {
  if (clusterIP !== '' && clusterIP !== 'None' && type !== 'ExternalName') {
    reviewTarget(clusterIP, ['spec', 'clusterIP'], review)
  }
  const [first, second, ...more] = clusterIPs
  if (first !== undefined && first !== clusterIP) {
    const wanted = clusterIP === '' ? 'nothing without clusterIP' : `clusterIP, which is ${clusterIP}`
    review.problem(['spec', 'clusterIPs', 0], `expected ${wanted}, found ${found(first)}`)
  }
  if (more.length > 0) review.problem(['spec', 'clusterIPs'], `expected at most 2, found ${clusterIPs.length}`)
  if (second === undefined) return
  if (isIpv6(second)) review.ignored(['spec', 'clusterIPs', 1], onlyIpv4)
  else review.problem(['spec', 'clusterIPs', 1], `expected an address of IPv6, found ${found(second)}`)
}

function reviewFamilies({ ipFamilies = [] }: Partial<ServiceSpec>, review: Review): void {
  for (const [index, family] of ipFamilies.entries()) {
    const at = ['spec', 'ipFamilies', index]
    if (family !== 'IPv4' && family !== 'IPv6') review.problem(at, `expected IPv4 or IPv6, found ${found(family)}`)
    else if (ipFamilies.indexOf(family) < index) review.problem(at, `expected each once, found ${family} again`)
    else if (family === 'IPv6' && ipFamilies.includes('IPv4')) review.ignored(at, onlyIpv4)
    else if (family === 'IPv6') review.problem(at, `not supported by this version of berth: ${onlyIpv4}`)
  }
}

/** Members that Kubernetes takes on Services of the type LoadBalancer alone. */
const ofBalancers = ['allocateLoadBalancerNodePorts', 'loadBalancerClass', 'loadBalancerSourceRanges'] as const

function reviewBalancer(spec: Partial<ServiceSpec>, metadata: ObjectMeta, review: Review): void {
  const { type = 'ClusterIP', externalIPs = [], externalTrafficPolicy, loadBalancerClass } = spec
  for (const member of ofBalancers) {
    const value = spec[member]
    const isEmpty = value === undefined || (Array.isArray(value) && value.length === 0)
    if (type === 'LoadBalancer' || isEmpty) continue
    review.problem(['spec', member], `expected nothing for the type ${type}, found ${found(value)}`)
  }
  if (loadBalancerClass !== undefined) {
    const at = ['spec', 'loadBalancerClass']
    reportFault(review, at, labelKeyFault(loadBalancerClass), found(loadBalancerClass))
  }
  const isOutside = type === 'NodePort' || type === 'LoadBalancer' || (type === 'ClusterIP' && externalIPs.length > 0)
  if (externalTrafficPolicy && !isOutside) {
    const message = `expected nothing for the type ${type}, found ${found(externalTrafficPolicy)}`
    review.problem(['spec', 'externalTrafficPolicy'], message)
  }
  reviewSourceRanges(spec, metadata, review)
}

function reviewSourceRanges(spec: Partial<ServiceSpec>, metadata: ObjectMeta, review: Review): void {
  const inSpec = (spec.loadBalancerSourceRanges ?? []).length > 0
  const ranges = sourceRanges(spec, metadata) ?? []
  const fine = ranges.filter((range, index) => {
    const at = inSpec ? ['spec', 'loadBalancerSourceRanges', index] : ['metadata', 'annotations', rangesAnnotation]
    return reviewRange(range, at, review)
  })
  if (ranges.length > 0 && fine.length === 0) {
    // Left out, they would let everybody in.
    review.problem(['spec', 'loadBalancerSourceRanges'], 'expected at least one range of IPv4, found none')
  }
}

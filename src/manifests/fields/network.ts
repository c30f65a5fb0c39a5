import type {
  Endpoint,
  EndpointSlice,
  Endpoints,
  IngressClass,
  IngressSpec,
  NetworkPolicySpec,
  ServicePort,
  ServiceSpec,
} from '../types.ts'
import { honoured, ignored, type Rules } from './rule.ts'

const hostAddresses = 'the addresses are those of the hosts'
const everyHost = 'pods of every host serve'

export const serviceSpec: Rules<ServiceSpec> = {
  allocateLoadBalancerNodePorts: honoured(),
  clusterIP: honoured('an address of the service range, or None'),
  clusterIPs: honoured('the one of IPv4'),
  externalIPs: honoured('those of IPv4, on every host'),
  externalName: honoured(),
  externalTrafficPolicy: ignored(`${everyHost}, as with Cluster`),
  healthCheckNodePort: ignored(`${everyHost}, as with externalTrafficPolicy: Cluster`),
  internalTrafficPolicy: ignored(`${everyHost}, as with Cluster`),
  ipFamilies: honoured('IPv4; IPv6 beside it is ignored, IPv6 alone refused'),
  ipFamilyPolicy: ignored('there is IPv4 alone'),
  loadBalancerClass: ignored('there is one load balancer'),
  loadBalancerIP: ignored(hostAddresses),
  loadBalancerSourceRanges: honoured(
    'those of IPv4; also as the annotation service.beta.kubernetes.io/load-balancer-source-ranges',
  ),
  ports: honoured('see below'),
  publishNotReadyAddresses: honoured(),
  selector: honoured('without it: the addresses of its Endpoints and EndpointSlices'),
  sessionAffinity: honoured('None and ClientIP'),
  sessionAffinityConfig: honoured(),
  trafficDistribution: ignored(everyHost),
  type: honoured('ClusterIP, NodePort, LoadBalancer (on the hosts themselves) and ExternalName'),
}

export const servicePort: Rules<ServicePort> = {
  appProtocol: honoured('http and kubernetes.io/ws are carried request by request, others connection by connection'),
  name: honoured(),
  nodePort: honoured('30000 to 32767'),
  port: honoured(),
  protocol: honoured('TCP and UDP; SCTP is refused'),
  targetPort: honoured('a number, or the name of a port of the pods'),
}

export const ingressSpec: Rules<IngressSpec> = {
  defaultBackend: honoured('a Service; other objects are refused'),
  ingressClassName: honoured(),
  rules: honoured('paths of the types Exact, Prefix and ImplementationSpecific (as Prefix)'),
  tls: honoured('certificates of Secrets'),
}

export const ingressClass: Rules<Omit<IngressClass, 'apiVersion' | 'kind' | 'metadata'>> = {
  spec: honoured('controller; parameters are ignored'),
}

export const networkPolicySpec: Rules<NetworkPolicySpec> = {
  egress: honoured(),
  ingress: honoured(),
  podSelector: honoured(),
  policyTypes: honoured(),
}

export const endpoints: Rules<Omit<Endpoints, 'apiVersion' | 'kind' | 'metadata'>> = {
  subsets: honoured('addresses of IPv4; of a Service without a selector'),
}

export const endpointSlice: Rules<Omit<EndpointSlice, 'apiVersion' | 'kind' | 'metadata'>> = {
  addressType: honoured('IPv4; slices of the types IPv6 and FQDN are ignored'),
  endpoints: honoured('see below'),
  ports: honoured(),
}

export const sliceEndpoint: Rules<Endpoint> = {
  addresses: honoured('the first one'),
  conditions: honoured(),
  deprecatedTopology: ignored(everyHost),
  hints: ignored(everyHost),
  hostname: honoured('its name under the Service'),
  nodeName: ignored('an address is reached from every host'),
  targetRef: ignored('the address is as it is written'),
  zone: ignored(everyHost),
}

import type { Ingress, IngressTLS, ObjectMeta, Service, ServiceSpec } from '../manifests/types.ts'
import type { PreviewRules, Remarks } from './rules.ts'

/** Addresses and ports are given anew: those that are written down are production's. */
export function isolatedService(service: Service, _rules: PreviewRules, remarks: Remarks): Service {
  const { spec } = service
  const isolated: ServiceSpec = { ...spec }
  for (const member of ['clusterIPs', 'loadBalancerIP', 'externalIPs', 'healthCheckNodePort'] as const) {
    if (spec[member] === undefined) continue
    delete isolated[member]
    remarks.leaveOut(`spec.${member}`, 'addresses and ports that are written down are production’s')
  }
  if (spec.clusterIP !== undefined && spec.clusterIP !== 'None' && spec.clusterIP !== '') {
    delete isolated.clusterIP
    remarks.leaveOut('spec.clusterIP', 'a preview is given addresses of its own')
  }
  if (spec.ports?.some(({ nodePort }) => nodePort)) {
    isolated.ports = spec.ports.map(({ nodePort: _, ...port }) => port)
    remarks.leaveOut('spec.ports', 'a preview is given node ports of its own')
  }
  if (spec.type === 'LoadBalancer') {
    isolated.type = 'ClusterIP'
    delete isolated.allocateLoadBalancerNodePorts
    delete isolated.externalTrafficPolicy
    remarks.leaveOut('spec.type', 'the port of a LoadBalancer is production’s: a preview is reached by its Ingresses')
  }
  return { ...service, spec: isolated }
}

/** Each host becomes one of the preview's own. */
export function isolatedIngress(ingress: Ingress, rules: PreviewRules, remarks: Remarks): Ingress {
  const { spec } = ingress
  const host = (written: string | undefined, path: string) => hostOf(written, path, rules, remarks)
  const isolated = { ...spec }
  if (spec.rules) {
    isolated.rules = spec.rules.map((rule, index) => withHost(rule, host(rule.host, `spec.rules[${index}].host`)))
  }
  if (spec.defaultBackend) {
    const { defaultBackend } = spec
    delete isolated.defaultBackend
    // It would answer for every host that nobody else has.
    const own = host(undefined, 'spec.defaultBackend')
    const paths = [{ path: '/', pathType: 'Prefix' as const, backend: defaultBackend }]
    if (own !== undefined) isolated.rules = [...(isolated.rules ?? []), { host: own, http: { paths } }]
  }
  if (spec.tls) isolated.tls = spec.tls.map((tls, index) => isolatedTls(tls, index, host))
  return { ...ingress, metadata: isolatedMetadata(ingress.metadata, rules, remarks), spec: isolated }
}

/** Servers of ACME limit how many certificates a domain gets, and production's is the same. */
function isolatedMetadata(metadata: ObjectMeta, { untrusted }: PreviewRules, remarks: Remarks): ObjectMeta {
  const { annotations = {} } = metadata
  const asking = Object.keys(annotations).filter((name) => certificateAnnotations.has(name))
  if (!untrusted || asking.length === 0) return metadata
  for (const name of asking) {
    remarks.leaveOut(`metadata.annotations[${name}]`, 'certificates are for those who may write to the repository')
  }
  return {
    ...metadata,
    annotations: Object.fromEntries(Object.entries(annotations).filter(([name]) => !asking.includes(name))),
  }
}

const certificateAnnotations: ReadonlySet<string> = new Set([
  ...['berth.dev/acme', 'kubernetes.io/tls-acme', 'cert-manager.io/cluster-issuer', 'cert-manager.io/issuer'],
])

function isolatedTls(
  tls: IngressTLS,
  index: number,
  host: (written: string, path: string) => string | undefined,
): IngressTLS {
  const hosts = tls.hosts?.map((name, at) => host(name, `spec.tls[${index}].hosts[${at}]`) ?? '')
  return hosts ? { ...tls, hosts } : tls
}

function withHost<R extends { host?: string }>(rule: R, host: string | undefined): R {
  return host === undefined ? rule : { ...rule, host }
}

function hostOf(
  written: string | undefined,
  path: string,
  { id, hostTemplate, defaultHost }: PreviewRules,
  remarks: Remarks,
): string | undefined {
  if (written === undefined || written === '') {
    if (defaultHost === undefined) {
      remarks.refuse(path, 'expected a host, as all others are production’s, or spec.previews.host in the Application')
    }
    return defaultHost
  }
  if (written.startsWith('*')) {
    remarks.refuse(path, `expected no wildcard in a preview, found "${written}"`)
    return undefined
  }
  const host = hostTemplate.replaceAll('{{id}}', id).replaceAll('{{host}}', written)
  if (host.length > 253 || host.split('.').some((label) => label.length > 63)) {
    remarks.refuse(path, `the host of the preview would be too long: "${host}"`)
  }
  return host
}

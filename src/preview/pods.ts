import type { Affinity, Container, PodSpec } from '../manifests/types.ts'
import type { PreviewRules, Remarks } from './rules.ts'

export function isolatedTemplate<T extends { readonly spec: PodSpec }>(
  template: T,
  path: string,
  rules: PreviewRules,
  remarks: Remarks,
): T {
  return { ...template, spec: isolatedPod(template.spec, `${path}.spec`, rules, remarks) }
}

export function isolatedPod(spec: PodSpec, path: string, rules: PreviewRules, remarks: Remarks): PodSpec {
  const isolated: PodSpec = { ...spec, containers: withoutHostPorts(spec.containers, `${path}.containers`, remarks) }
  if (spec.initContainers) {
    isolated.initContainers = withoutHostPorts(spec.initContainers, `${path}.initContainers`, remarks)
  }
  if (spec.hostNetwork) remarks.refuse(`${path}.hostNetwork`, 'a preview has a network of its own, found true')
  if (spec.affinity) isolated.affinity = isolatedAffinity(spec.affinity, rules)
  if (spec.imagePullSecrets && rules.untrusted) {
    delete isolated.imagePullSecrets
    remarks.leaveOut(`${path}.imagePullSecrets`, 'there are no Secrets in the preview of a fork that nobody approved')
  }
  return isolated
}

/** Each copy would want the same port of the host. */
function withoutHostPorts(containers: Container[], path: string, remarks: Remarks): Container[] {
  return containers.map((container, index) => {
    if (!container.ports?.some(({ hostPort }) => hostPort)) return container
    remarks.leaveOut(`${path}[${index}].ports`, 'ports of the host are production’s: use a Service or an Ingress')
    return { ...container, ports: container.ports.map(({ hostPort: _, hostIP: __, ...port }) => port) }
  })
}

/** Pods are kept near or away from those of the same preview only. */
function isolatedAffinity(affinity: Affinity, { namespace }: PreviewRules): Affinity {
  return JSON.parse(JSON.stringify(affinity), (key, value) => {
    if (key === 'namespaces' && Array.isArray(value)) return [namespace]
    return key === 'namespaceSelector' ? undefined : value
  })
}

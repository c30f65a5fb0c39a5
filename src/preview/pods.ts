import type { Affinity, Container, PodSpec, Probe, Volume } from '../manifests/types.ts'
import { isolatedClaim } from './claims.ts'
import { limited } from './limits.ts'
import { withBoundedMemory } from './memory.ts'
import type { PreviewRules, Remarks } from './rules.ts'

/** An approval lets it run, but gives nothing away. */
export const noSecrets = 'there are no Secrets in the preview of somebody who may not write to the repository'
/** The end of a preview waits for its pods at most so long. */
const longestGraceSeconds = 60
/** A probe that is under way has one of few places, which all previews share. */
const longestProbeSeconds = 60
/** The quota counts pods, and each container is a process of Docker's. */
const mostContainers = 20
/** Each is one of Docker's, or a mount. */
const mostVolumes = 100
/** Docker keeps all of it in labels, which are read with each list of containers. */
const mostText = 128 * 1024

export function isolatedTemplate<T extends { readonly spec: PodSpec }>(
  template: T,
  path: string,
  rules: PreviewRules,
  remarks: Remarks,
): T {
  reviewText(template, path, remarks)
  return { ...template, spec: isolatedPod(template.spec, `${path}.spec`, rules, remarks) }
}

/** Of a Pod, or of the template of one. */
export function reviewText(
  { metadata, spec }: { metadata?: object; spec: PodSpec },
  path: string,
  remarks: Remarks,
): void {
  const { length } = JSON.stringify([metadata, spec])
  if (length > mostText) remarks.refuse(path, `expected a pod of at most ${mostText} characters, found ${length}`)
}

export function isolatedPod(spec: PodSpec, path: string, rules: PreviewRules, remarks: Remarks): PodSpec {
  const isolated: PodSpec = {
    ...spec,
    containers: isolatedContainers(spec.containers, `${path}.containers`, rules, remarks),
  }
  if (spec.initContainers) {
    isolated.initContainers = isolatedContainers(spec.initContainers, `${path}.initContainers`, rules, remarks)
  }
  for (const member of ['hostNetwork', 'hostPID', 'hostIPC'] as const) {
    if (spec[member]) remarks.refuse(`${path}.${member}`, 'a preview has nothing in common with the host, found true')
  }
  const count = spec.containers.length + (spec.initContainers?.length ?? 0)
  if (count > mostContainers) {
    remarks.refuse(`${path}.containers`, `expected at most ${mostContainers} containers in a preview, found ${count}`)
  }
  isolated.terminationGracePeriodSeconds = graceOf(spec, `${path}.terminationGracePeriodSeconds`, remarks)
  if (spec.affinity) isolated.affinity = isolatedAffinity(spec.affinity, rules)
  if (spec.volumes) {
    const volumes = isolatedVolumes(spec.volumes, `${path}.volumes`, rules, remarks)
    isolated.volumes = withBoundedMemory(volumes, isolated.containers, `${path}.volumes`, remarks)
  }
  if (spec.imagePullSecrets && rules.untrusted) {
    delete isolated.imagePullSecrets
    remarks.leaveOut(`${path}.imagePullSecrets`, noSecrets)
  }
  return isolated
}

function graceOf({ terminationGracePeriodSeconds: seconds }: PodSpec, path: string, remarks: Remarks): number {
  if (seconds <= longestGraceSeconds) return seconds
  remarks.leaveOut(path, `a preview that is closed does not wait longer than ${longestGraceSeconds} s`)
  return longestGraceSeconds
}

function isolatedContainers(containers: Container[], path: string, rules: PreviewRules, remarks: Remarks): Container[] {
  return containers.map((container, index) => {
    const isolated = { ...container, resources: limited(container.resources, rules.quota) }
    if (container.ports?.some(({ hostPort }) => hostPort)) {
      // Each copy would want the same port of the host.
      remarks.leaveOut(`${path}[${index}].ports`, 'ports of the host are production’s: use a Service or an Ingress')
      isolated.ports = container.ports.map(({ hostPort: _, hostIP: __, ...port }) => port)
    }
    for (const member of ['livenessProbe', 'startupProbe', 'readinessProbe'] as const) {
      const probe = container[member]
      if (probe) isolated[member] = isolatedProbe(probe, `${path}[${index}].${member}`, remarks)
    }
    return isolated
  })
}

function isolatedProbe(probe: Probe, path: string, remarks: Remarks): Probe {
  const { terminationGracePeriodSeconds: grace, timeoutSeconds: timeout } = probe
  if (timeout > longestProbeSeconds) {
    remarks.leaveOut(`${path}.timeoutSeconds`, `nobody waits longer than ${longestProbeSeconds} s in a preview`)
  }
  return {
    ...probe,
    timeoutSeconds: Math.min(timeout, longestProbeSeconds),
    ...(grace !== undefined && { terminationGracePeriodSeconds: Math.min(grace, longestGraceSeconds) }),
  }
}

/** What is outside of Docker's own volumes is the same for everybody. */
function isolatedVolumes(volumes: Volume[], path: string, rules: PreviewRules, remarks: Remarks): Volume[] {
  if (volumes.length > mostVolumes) {
    remarks.refuse(path, `expected at most ${mostVolumes} volumes in a pod of a preview, found ${volumes.length}`)
  }
  return volumes.map((volume, index) => {
    const at = `${path}[${index}]`
    if (volume.hostPath) remarks.refuse(`${at}.hostPath`, 'a preview has no folders of the host')
    if (volume.nfs) remarks.refuse(`${at}.nfs`, 'a preview has no folders of other machines')
    const template = volume.ephemeral?.volumeClaimTemplate
    if (!template) return volume
    const spec = isolatedClaim(template.spec, `${at}.ephemeral.volumeClaimTemplate.spec`, rules, remarks)
    return { ...volume, ephemeral: { volumeClaimTemplate: { ...template, spec } } }
  })
}

/** Pods are kept near or away from those of the same preview only. */
function isolatedAffinity(affinity: Affinity, { namespace }: PreviewRules): Affinity {
  return JSON.parse(JSON.stringify(affinity), (key, value) => {
    if (key === 'namespaces' && Array.isArray(value)) return [namespace]
    return key === 'namespaceSelector' ? undefined : value
  })
}

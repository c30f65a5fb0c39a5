import { unhonoured } from '../fields.ts'
import { found, quoted } from '../found.ts'
import { dnsLabelFault, imageFault, portNameFault } from '../names.ts'
import type { Path } from '../position.ts'
import { type Review, reportFault } from '../review.ts'
import type { Container, ContainerPort, SecurityContext } from '../types.ts'
import { reviewEnv } from './env.ts'
import { reviewLifecycle } from './lifecycle.ts'
import { completeMount, reviewMounts } from './mounts.ts'
import { completeProbe, probeFields, reviewProbe } from './probe.ts'
import { completeResources, reviewResources } from './resources.ts'
import { reviewRules } from './rules.ts'

/** Defaults that follow from other fields. `hostNetwork`: each port is one of the host. */
export function completeContainer(container: Container, hostNetwork: boolean): Container {
  const { ports, volumeMounts } = container
  const complete: Container = {
    ...container,
    imagePullPolicy: container.imagePullPolicy ?? pullPolicy(container.image),
    resources: completeResources(container.resources),
  }
  if (ports) complete.ports = ports.map((port) => completePort(port, hostNetwork))
  if (volumeMounts) complete.volumeMounts = volumeMounts.map(completeMount)
  for (const field of probeFields) {
    const probe = container[field]
    if (probe) complete[field] = completeProbe(probe)
  }
  return complete
}

function completePort({ hostPort, ...port }: ContainerPort, hostNetwork: boolean): ContainerPort {
  if (hostNetwork) return { ...port, hostPort: hostPort || port.containerPort }
  return hostPort ? { ...port, hostPort } : port
}

/** Always for `latest` or no tag, as that name moves; IfNotPresent for others and for digests. */
export function pullPolicy(image: string): 'Always' | 'IfNotPresent' {
  const [reference = '', digest] = image.split('@')
  const tag = /:([^:/]+)$/.exec(reference)?.[1]
  return tag === 'latest' || (tag === undefined && digest === undefined) ? 'Always' : 'IfNotPresent'
}

/** What a container may refer to in its pod. */
export interface PodContext {
  /** Names of all containers. */
  readonly containers: readonly string[]
  readonly volumes: readonly string[]
  readonly graceSeconds: number
  readonly hostNetwork: boolean
}

/** `written`: before defaults, so that only what the author wrote is talked about. */
export function reviewContainer(written: Container, pod: PodContext, path: Path, review: Review): void {
  reviewRules(unhonoured('Pod.spec.containers[]', written), path, review)
  reportFault(review, [...path, 'name'], dnsLabelFault(written.name), found(written.name))
  reportFault(review, [...path, 'image'], imageFault(written.image), found(written.image))
  reviewEnv(written, pod.containers, path, review)
  reviewPorts(written, pod.hostNetwork, path, review)
  reviewMounts(written, pod.volumes, path, review)
  const { resources, ports = [], lifecycle, securityContext } = written
  if (resources) reviewResources(resources, [...path, 'resources'], review)
  for (const field of probeFields) {
    const probe = written[field]
    if (probe) reviewProbe(field, probe, ports, [...path, field], review)
  }
  if (lifecycle) reviewLifecycle(lifecycle, ports, pod.graceSeconds, [...path, 'lifecycle'], review)
  if (securityContext) reviewSecurity(securityContext, [...path, 'securityContext'], review)
  reviewMessagePath(written, [...path, 'terminationMessagePath'], review)
}

function reviewMessagePath({ terminationMessagePath: file, volumeMounts = [] }: Container, path: Path, review: Review) {
  if (!file) return
  if (!/^\/.*[^/]$/.test(file) || file.includes('\0') || file.split('/').includes('..')) {
    review.problem(path, `expected the absolute path of a file, found ${found(file)}`)
  }
  if (volumeMounts.some(({ mountPath }) => mountPath === file)) {
    review.problem(path, `expected another path than that of a volume mount, found ${quoted(file)}`)
  }
}

function reviewPorts({ ports = [] }: Container, hostNetwork: boolean, path: Path, review: Review): void {
  const seen = new Set<string>()
  for (const [index, { name, hostIP, hostPort, containerPort }] of ports.entries()) {
    const at = [...path, 'ports', index]
    if (hostNetwork && hostPort && hostPort !== containerPort) {
      review.problem([...at, 'hostPort'], `expected the containerPort with hostNetwork, found ${found(hostPort)}`)
    }
    if (hostIP && !/^(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*)$/.test(hostIP)) {
      review.problem([...at, 'hostIP'], `expected an IP address, found ${found(hostIP)}`)
    }
    if (name === undefined || name === '') continue
    reportFault(review, [...at, 'name'], portNameFault(name), found(name))
    if (seen.has(name))
      review.problem([...at, 'name'], `expected another name for each port, found ${quoted(name)} again`)
    seen.add(name)
  }
}

function reviewSecurity(context: SecurityContext, path: Path, review: Review): void {
  reviewRules(unhonoured('Pod.spec.containers[].securityContext', context), path, review)
  reviewProfiles(context, path, review)
  const { capabilities, allowPrivilegeEscalation, privileged, procMount } = context
  if (procMount === 'Unmasked') {
    review.problem([...path, 'procMount'], 'not supported by this version of berth: expected Default')
  }
  for (const member of ['add', 'drop'] as const) {
    for (const [index, name] of (capabilities?.[member] ?? []).entries()) {
      if (/^[A-Za-z_]{1,40}$/.test(name)) continue
      review.problem(
        [...path, 'capabilities', member, index],
        `expected a capability like "NET_BIND_SERVICE", found ${found(name)}`,
      )
    }
  }
  if (allowPrivilegeEscalation !== false) return
  if (privileged) {
    review.problem(
      [...path, 'allowPrivilegeEscalation'],
      'expected true for a privileged container, found false (boolean)',
    )
  }
  if (capabilities?.add?.some((name) => /^(?:CAP_)?SYS_ADMIN$/.test(name))) {
    review.problem(
      [...path, 'allowPrivilegeEscalation'],
      'expected true for a container with SYS_ADMIN, found false (boolean)',
    )
  }
}

/** Profiles that a host would have to hold as files. */
export function reviewProfiles(
  context: Pick<SecurityContext, 'seccompProfile' | 'appArmorProfile'>,
  path: Path,
  review: Review,
): void {
  const { seccompProfile, appArmorProfile } = context
  if (seccompProfile?.type === 'Localhost') {
    review.problem(
      [...path, 'seccompProfile', 'type'],
      'not supported by this version of berth: expected RuntimeDefault or Unconfined',
    )
  }
  if (appArmorProfile && appArmorProfile.type !== 'RuntimeDefault') {
    review.problem(
      [...path, 'appArmorProfile', 'type'],
      'not supported by this version of berth: expected RuntimeDefault',
    )
  }
}

import { unsupported } from '../fields/rule.ts'
import { unhonoured } from '../fields.ts'
import { found, quoted } from '../found.ts'
import { dnsNameFault } from '../names.ts'
import { reviewPodSecurity } from '../pod-security.ts'
import type { Path } from '../position.ts'
import { type Review, reportFault } from '../review.ts'
import type { Container, PodSpec } from '../types.ts'
import { completeContainer, type PodContext, reviewContainer, reviewProfiles } from './container.ts'
import { reviewReference } from './env.ts'
import { isSidecar, reviewInitContainer } from './init-container.ts'
import { reviewPlacement } from './placement.ts'
import { reviewNames } from './pod-network.ts'
import { reviewRules } from './rules.ts'
import { reviewSysctls } from './sysctls.ts'
import { completeVolume, reviewVolumes } from './volumes.ts'

const defaultGraceSeconds = 30

export function completePodSpec(spec: PodSpec): PodSpec {
  const { containers, initContainers, volumes, hostNetwork = false } = spec
  return {
    ...spec,
    containers: containers.map((container) => completeContainer(container, hostNetwork)),
    ...(initContainers
      ? { initContainers: initContainers.map((container) => completeContainer(container, hostNetwork)) }
      : {}),
    ...(volumes ? { volumes: volumes.map(completeVolume) } : {}),
  }
}

/** `written`: before defaults, so that only what the author wrote is talked about. `claims`: volumes that a StatefulSet adds. */
export function reviewPodSpec(written: PodSpec, path: Path, review: Review, claims: readonly string[] = []): void {
  reviewRules(unhonoured('Pod.spec', written), path, review)
  const { containers, initContainers = [], volumes = [], imagePullSecrets = [] } = written
  const names = [...initContainers, ...containers].map(({ name }) => name)
  const pod: PodContext = {
    containers: names,
    volumes: [...volumes.map(({ name }) => name), ...claims],
    // Before defaults it may be absent.
    graceSeconds: (written as Partial<PodSpec>).terminationGracePeriodSeconds ?? defaultGraceSeconds,
    hostNetwork: written.hostNetwork ?? false,
  }
  reviewHost(written, path, review)
  reviewNames(written, path, review)
  reviewPlacement(written, path, review)
  reviewContext(written, path, review)
  reviewVolumes(volumes, names, path, review)
  for (const [index, { name }] of imagePullSecrets.entries()) {
    reviewReference(name, [...path, 'imagePullSecrets', index, 'name'], review)
  }
  if (containers.length === 0) review.problem([...path, 'containers'], 'expected at least one container, found none')
  for (const [index, { container, at }] of all(written, path).entries()) {
    reviewContainer(container, pod, at, review)
    if (names.indexOf(container.name) < index) {
      review.problem([...at, 'name'], `expected another name for each container, found ${quoted(container.name)} again`)
    }
  }
  for (const [index, container] of initContainers.entries()) {
    reviewInitContainer(container, [...path, 'initContainers', index], review)
  }
  for (const [index, { restartPolicy }] of containers.entries()) {
    if (!restartPolicy) continue
    const message = `${unsupported}: expected it in init containers only, found ${found(restartPolicy)}`
    review.problem([...path, 'containers', index, 'restartPolicy'], message)
  }
  reviewHostPorts(written, path, review)
  reviewText(written, path, review)
  reviewPodSecurity(written, path, review)
}

/** Init containers first, as they start. */
function all({ containers, initContainers = [] }: PodSpec, path: Path): { container: Container; at: Path }[] {
  return [
    ...initContainers.map((container, index) => ({ container, at: [...path, 'initContainers', index] })),
    ...containers.map((container, index) => ({ container, at: [...path, 'containers', index] })),
  ]
}

/** What a pod shares with its host. */
function reviewHost(spec: PodSpec, path: Path, review: Review): void {
  const { os, hostUsers, hostPID, shareProcessNamespace, nodeName, activeDeadlineSeconds } = spec
  if (os?.name === 'windows') review.problem([...path, 'os', 'name'], 'expected linux, found "windows" (string)')
  if (hostUsers === false)
    review.problem([...path, 'hostUsers'], `${unsupported}: expected true, found false (boolean)`)
  if (hostPID && shareProcessNamespace) {
    review.problem([...path, 'shareProcessNamespace'], 'expected nothing beside hostPID, found true (boolean)')
  }
  if (nodeName) reportFault(review, [...path, 'nodeName'], dnsNameFault(nodeName), found(nodeName))
  if (activeDeadlineSeconds === 0) {
    review.problem([...path, 'activeDeadlineSeconds'], 'expected a whole number from 1, found 0 (number)')
  }
}

function reviewContext(spec: PodSpec, path: Path, review: Review): void {
  const { securityContext } = spec
  if (!securityContext) return
  const at = [...path, 'securityContext']
  reviewRules(unhonoured('Pod.spec.securityContext', securityContext), at, review)
  reviewProfiles(securityContext, at, review)
  if (securityContext.supplementalGroupsPolicy === 'Strict') {
    review.problem([...at, 'supplementalGroupsPolicy'], `${unsupported}: expected Merge`)
  }
  reviewSysctls(spec, path, review)
}

/** Containers of a pod share its address, so a port of the host can lead to one of them only. */
function reviewHostPorts(spec: PodSpec, path: Path, review: Review): void {
  const seen = new Set<string>()
  for (const { container, at } of all(spec, path)) {
    // Ordinary init containers have ended before another one listens.
    if (at.at(-2) === 'initContainers' && !isSidecar(container)) continue
    for (const [number, port] of (container.ports ?? []).entries()) {
      const { hostIP = '', protocol = 'TCP' } = port
      const hostPort = port.hostPort || (spec.hostNetwork ? port.containerPort : 0)
      if (!hostPort) continue
      const address = `${hostIP === '0.0.0.0' ? '' : hostIP}:${hostPort}/${protocol}`
      if (seen.has(address)) {
        review.problem([...at, 'ports', number, 'hostPort'], `expected another host port, found ${hostPort} again`)
      }
      seen.add(address)
    }
  }
}

/** No process can be given text with a NUL in it. */
function reviewText(value: unknown, path: Path, review: Review): void {
  if (typeof value === 'string') {
    if (value.includes('\0')) review.problem(path, 'expected text without NUL characters')
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, member] of Object.entries(value)) {
      reviewText(member, [...path, Array.isArray(value) ? Number(key) : key], review)
    }
  }
}

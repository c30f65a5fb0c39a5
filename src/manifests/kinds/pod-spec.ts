import { unhonoured } from '../fields.ts'
import { found, quoted } from '../found.ts'
import { dnsLabelFault } from '../names.ts'
import { reviewPodSecurity } from '../pod-security.ts'
import type { Path } from '../position.ts'
import { type Review, reportFault } from '../review.ts'
import type { PodSpec } from '../types.ts'
import { completeContainer, reviewContainer, reviewProfiles } from './container.ts'
import { reviewRules } from './rules.ts'

export function completePodSpec(spec: PodSpec): PodSpec {
  return { ...spec, containers: spec.containers.map(completeContainer) }
}

/** `written`: before defaults, so that only what the author wrote is talked about. */
export function reviewPodSpec(written: PodSpec, path: Path, review: Review): void {
  reviewRules(unhonoured('Pod.spec', written), path, review)
  const { containers, dnsPolicy, os, hostname, securityContext } = written
  if (dnsPolicy && dnsPolicy !== 'ClusterFirst' && dnsPolicy !== 'Default') {
    review.problem(
      [...path, 'dnsPolicy'],
      `not supported by this version of berth: expected ClusterFirst or Default, found ${quoted(dnsPolicy)}`,
    )
  }
  if (os?.name === 'windows') review.problem([...path, 'os', 'name'], 'expected linux, found "windows" (string)')
  if (hostname) reportFault(review, [...path, 'hostname'], dnsLabelFault(hostname), found(hostname))
  if (securityContext) {
    const at = [...path, 'securityContext']
    reviewRules(unhonoured('Pod.spec.securityContext', securityContext), at, review)
    reviewProfiles(securityContext, at, review)
    if (securityContext.supplementalGroupsPolicy === 'Strict') {
      review.problem([...at, 'supplementalGroupsPolicy'], 'not supported by this version of berth: expected Merge')
    }
  }
  if (containers.length === 0) review.problem([...path, 'containers'], 'expected at least one container, found none')
  const names = containers.map(({ name }) => name)
  for (const [index, container] of containers.entries()) {
    const at = [...path, 'containers', index]
    reviewContainer(container, names, at, review)
    if (names.indexOf(container.name) < index) {
      review.problem([...at, 'name'], `expected another name for each container, found ${quoted(container.name)} again`)
    }
  }
  reviewHostPorts(written, path, review)
  reviewText(written, path, review)
  reviewPodSecurity(written, path, review)
}

/** Two containers of a pod share its address, so a port of the host can lead to one of them only. */
function reviewHostPorts({ containers }: PodSpec, path: Path, review: Review): void {
  const seen = new Set<string>()
  for (const [index, { ports = [] }] of containers.entries()) {
    for (const [number, { hostPort, hostIP = '', protocol = 'TCP' }] of ports.entries()) {
      if (!hostPort) continue
      const address = `${hostIP === '0.0.0.0' ? '' : hostIP}:${hostPort}/${protocol}`
      if (seen.has(address)) {
        review.problem(
          [...path, 'containers', index, 'ports', number, 'hostPort'],
          `expected another host port, found ${hostPort} again`,
        )
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

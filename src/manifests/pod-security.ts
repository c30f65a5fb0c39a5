import { found } from './found.ts'
import type { Path } from './position.ts'
import type { PodSecurity, Review } from './review.ts'
import type { Container, PodSpec } from './types.ts'

// The Pod Security Standards, as far as they speak of fields that are honoured; the others are refused at every level.

/** Capabilities that a container engine gives anyway. */
const ordinary: ReadonlySet<string> = new Set([
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
])

/** Reports what the level of the application does not allow. */
export function reviewPodSecurity(spec: PodSpec, path: Path, review: Review): void {
  const level = review.podSecurity
  if (level === 'privileged') return
  const refuse = (at: Path, message: string) => review.problem([...path, ...at], `${message}: ${hint(level)}`)
  if (spec.securityContext?.seccompProfile?.type === 'Unconfined') {
    refuse(['securityContext', 'seccompProfile', 'type'], 'expected RuntimeDefault, found "Unconfined" (string)')
  }
  for (const [index, container] of spec.containers.entries()) {
    const at = ['containers', index]
    reviewBaseline(container, (rest, message) => refuse([...at, ...rest], message))
    if (level === 'restricted') reviewRestricted(spec, container, (rest, message) => refuse([...at, ...rest], message))
  }
}

type Refuse = (path: Path, message: string) => void

function reviewBaseline({ securityContext = {}, ports = [] }: Container, refuse: Refuse): void {
  const { privileged, capabilities, seccompProfile } = securityContext
  if (privileged) refuse(['securityContext', 'privileged'], 'expected false, found true (boolean)')
  for (const [index, name] of (capabilities?.add ?? []).entries()) {
    if (ordinary.has(plainCapability(name))) continue
    refuse(
      ['securityContext', 'capabilities', 'add', index],
      `expected no capability beyond the usual ones, found ${found(name)}`,
    )
  }
  if (seccompProfile?.type === 'Unconfined') {
    refuse(['securityContext', 'seccompProfile', 'type'], 'expected RuntimeDefault, found "Unconfined" (string)')
  }
  for (const [index, { hostPort }] of ports.entries()) {
    if (hostPort) refuse(['ports', index, 'hostPort'], `expected no port of the host, found ${found(hostPort)}`)
  }
}

function reviewRestricted(spec: PodSpec, { securityContext = {} }: Container, refuse: Refuse): void {
  const pod = spec.securityContext ?? {}
  if (securityContext.allowPrivilegeEscalation !== false) {
    refuse(
      ['securityContext', 'allowPrivilegeEscalation'],
      `expected false, found ${found(securityContext.allowPrivilegeEscalation)}`,
    )
  }
  const nonRoot = securityContext.runAsNonRoot ?? pod.runAsNonRoot
  if (nonRoot !== true) refuse(['securityContext', 'runAsNonRoot'], `expected true, found ${found(nonRoot)}`)
  const user = securityContext.runAsUser ?? pod.runAsUser
  if (user === 0) refuse(['securityContext', 'runAsUser'], 'expected a user other than root, found 0 (number)')
  if ((securityContext.seccompProfile ?? pod.seccompProfile) === undefined) {
    refuse(['securityContext', 'seccompProfile'], 'expected RuntimeDefault, found nothing')
  }
  const { add = [], drop = [] } = securityContext.capabilities ?? {}
  if (!drop.some((name) => plainCapability(name) === 'ALL')) {
    refuse(['securityContext', 'capabilities', 'drop'], 'expected ALL in it')
  }
  for (const [index, name] of add.entries()) {
    if (plainCapability(name) === 'NET_BIND_SERVICE' || !ordinary.has(plainCapability(name))) continue
    refuse(['securityContext', 'capabilities', 'add', index], `expected at most NET_BIND_SERVICE, found ${found(name)}`)
  }
}

/** `CAP_net_admin` -> `NET_ADMIN` */
function plainCapability(name: string): string {
  return name.toUpperCase().replace(/^CAP_/, '')
}

function hint(level: PodSecurity): string {
  return `podSecurity is ${level} (--pod-security, or spec.security.podSecurity of the Application)`
}

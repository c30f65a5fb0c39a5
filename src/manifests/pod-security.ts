import { found } from './found.ts'
import type { Path } from './position.ts'
import type { PodSecurity, Review } from './review.ts'
import type { Container, LifecycleHandler, PodSpec, Probe } from './types.ts'

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

/** Kernel settings that keep to the pod and cannot harm its host. */
const safeSysctls: ReadonlySet<string> = new Set([
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.ping_group_range',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_rmem',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.tcp_wmem',
])

/** Volumes that `restricted` allows. */
const plainVolumes: ReadonlySet<string> = new Set([
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'persistentVolumeClaim',
  'projected',
  'secret',
])

/** Reports what the level of the application does not allow. */
export function reviewPodSecurity(spec: PodSpec, path: Path, review: Review): void {
  const level = review.podSecurity
  if (level === 'privileged') return
  const refuse = (at: Path, message: string) => review.problem([...path, ...at], `${message}: ${hint(review)}`)
  reviewPod(spec, level, refuse)
  for (const member of ['initContainers', 'containers'] as const) {
    for (const [index, container] of (spec[member] ?? []).entries()) {
      const inContainer: Refuse = (rest, message) => refuse([member, index, ...rest], message)
      reviewBaseline(container, inContainer)
      reviewHostOfProbes(container, inContainer)
      if (level === 'restricted') reviewRestricted(spec, container, inContainer)
    }
  }
}

function reviewPod(
  { hostNetwork, hostPID, hostIPC, securityContext, volumes = [] }: PodSpec,
  level: PodSecurity,
  refuse: Refuse,
): void {
  for (const [member, value] of Object.entries({ hostNetwork, hostPID, hostIPC })) {
    if (value) refuse([member], 'expected false, found true (boolean)')
  }
  if (securityContext?.seccompProfile?.type === 'Unconfined') {
    refuse(['securityContext', 'seccompProfile', 'type'], 'expected RuntimeDefault, found "Unconfined" (string)')
  }
  for (const [index, { name }] of (securityContext?.sysctls ?? []).entries()) {
    if (safeSysctls.has(name.replaceAll('/', '.'))) continue
    refuse(['securityContext', 'sysctls', index, 'name'], `expected a safe kernel setting, found ${found(name)}`)
  }
  for (const [index, volume] of volumes.entries()) {
    for (const source of Object.keys(volume)) {
      const bad = source === 'hostPath' || (level === 'restricted' && source !== 'name' && !plainVolumes.has(source))
      if (bad) refuse(['volumes', index, source], 'expected a volume of another type')
    }
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

/** A probe or hook that goes to another host could look around in the network of the engine. */
function reviewHostOfProbes(container: Container, refuse: Refuse): void {
  const { readinessProbe, livenessProbe, startupProbe, lifecycle = {} } = container
  const handlers: [Path, LifecycleHandler | Probe | undefined][] = [
    [['readinessProbe'], readinessProbe],
    [['livenessProbe'], livenessProbe],
    [['startupProbe'], startupProbe],
    [['lifecycle', 'postStart'], lifecycle.postStart],
    [['lifecycle', 'preStop'], lifecycle.preStop],
  ]
  for (const [at, handler] of handlers) {
    for (const action of ['httpGet', 'tcpSocket'] as const) {
      const host = handler?.[action]?.host
      if (host) refuse([...at, action, 'host'], `expected the pod itself, found ${found(host)}`)
    }
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

function hint({ podSecurity, forPreview }: Review): string {
  const setting = forPreview ? 'spec.previews.podSecurity' : '--pod-security, or spec.security.podSecurity'
  return `podSecurity is ${podSecurity} (${setting} of the Application)`
}

import type { Container, PodSecurityContext, Probe, SecurityContext } from '../types.ts'
import { honoured, ignored, type Rules, refused } from './rule.ts'

const ownAppArmor = "Docker's own profile applies; Unconfined and Localhost are refused"

export const container: Rules<Container> = {
  args: honoured('with $(VAR)'),
  command: honoured('with $(VAR)'),
  env: honoured('value, configMapKeyRef, secretKeyRef, fieldRef, resourceFieldRef'),
  envFrom: honoured('configMapRef, secretRef'),
  image: honoured(),
  imagePullPolicy: honoured(),
  lifecycle: honoured('see below'),
  livenessProbe: honoured('see below'),
  name: honoured(),
  ports: honoured('hostPort and hostIP too'),
  readinessProbe: honoured('see below'),
  resizePolicy: ignored('cpu and memory are changed without a restart where Docker can'),
  resources: honoured('cpu and memory; ephemeral-storage is ignored, others are refused'),
  restartPolicy: honoured('Always, of an init container: it is a sidecar'),
  restartPolicyRules: refused(),
  securityContext: honoured('see below'),
  startupProbe: honoured('see below'),
  stdin: honoured(),
  stdinOnce: honoured(),
  terminationMessagePath: honoured(
    'the file is made where the path is not the default, or the policy asks for the log',
  ),
  terminationMessagePolicy: honoured('File and FallbackToLogsOnError'),
  tty: honoured(),
  volumeDevices: refused(),
  volumeMounts: honoured('see below'),
  workingDir: honoured(),
}

export const probe: Rules<Probe> = {
  exec: honoured(),
  failureThreshold: honoured(),
  grpc: honoured(),
  httpGet: honoured(),
  initialDelaySeconds: honoured(),
  periodSeconds: honoured(),
  successThreshold: honoured(),
  tcpSocket: honoured(),
  terminationGracePeriodSeconds: honoured('of liveness and startup probes'),
  timeoutSeconds: honoured(),
}

export const securityContext: Rules<SecurityContext> = {
  allowPrivilegeEscalation: honoured(),
  appArmorProfile: ignored(ownAppArmor),
  capabilities: honoured(),
  privileged: honoured('only with podSecurity: privileged'),
  procMount: ignored('Default applies; Unmasked is refused'),
  readOnlyRootFilesystem: honoured(),
  runAsGroup: honoured(),
  runAsNonRoot: honoured(),
  runAsUser: honoured(),
  seLinuxOptions: refused(),
  seccompProfile: honoured('RuntimeDefault and Unconfined; Localhost is refused'),
  windowsOptions: refused(),
}

export const podSecurityContext: Rules<PodSecurityContext> = {
  appArmorProfile: ignored(ownAppArmor),
  fsGroup: honoured(),
  fsGroupChangePolicy: honoured(),
  runAsGroup: honoured(),
  runAsNonRoot: honoured(),
  runAsUser: honoured(),
  seLinuxChangePolicy: ignored('files are not labelled again'),
  seLinuxOptions: refused(),
  seccompProfile: honoured('RuntimeDefault and Unconfined; Localhost is refused'),
  supplementalGroups: honoured(),
  supplementalGroupsPolicy: ignored('groups of the image are merged; Strict is refused'),
  sysctls: honoured('those of the network and of IPC, which belong to a pod'),
  windowsOptions: refused(),
}

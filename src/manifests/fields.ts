import type { Container, Deployment, PodSecurityContext, PodSpec, Probe, SecurityContext } from './types.ts'

/** What becomes of a field: it does what it does in Kubernetes, it has no effect, or the manifest is refused. */
export type Policy = 'honoured' | 'ignored' | 'refused'

export interface FieldRule {
  readonly policy: Policy
  /** For people; the reason where it is not honoured. */
  readonly note: string
}

type Rules<T> = { readonly [K in keyof Required<T>]: FieldRule }

const honoured = (note = ''): FieldRule => ({ policy: 'honoured', note })
const ignored = (note: string): FieldRule => ({ policy: 'ignored', note })
const refused = (note = 'not supported by this version of berth'): FieldRule => ({ policy: 'refused', note })

const noScheduler = 'pods go to the host with room'
const noAccounts = 'there is no API server to give access to'

const deploymentSpec: Rules<Deployment['spec']> = {
  minReadySeconds: honoured(),
  paused: honoured(),
  progressDeadlineSeconds: honoured(),
  replicas: honoured(),
  revisionHistoryLimit: ignored('the history is in Git'),
  selector: honoured('must match the labels of the template'),
  strategy: honoured('RollingUpdate and Recreate'),
  template: honoured(),
}

const podSpec: Rules<PodSpec> = {
  activeDeadlineSeconds: refused(),
  affinity: ignored(noScheduler),
  automountServiceAccountToken: ignored(noAccounts),
  containers: honoured(),
  dnsConfig: refused(),
  dnsPolicy: honoured('ClusterFirst and Default; others are refused'),
  enableServiceLinks: ignored('no variables are made for Services'),
  ephemeralContainers: refused(),
  hostAliases: refused(),
  hostIPC: refused(),
  hostNetwork: refused(),
  hostPID: refused(),
  hostUsers: refused(),
  hostname: honoured(),
  hostnameOverride: refused(),
  imagePullSecrets: ignored('images are pulled with the credentials of the hosts'),
  initContainers: refused(),
  nodeName: ignored(noScheduler),
  nodeSelector: ignored(noScheduler),
  os: ignored('hosts run Linux; others are refused'),
  overhead: ignored(noScheduler),
  preemptionPolicy: ignored('nothing is preempted'),
  priority: ignored('nothing is preempted'),
  priorityClassName: ignored('nothing is preempted'),
  readinessGates: refused(),
  resourceClaims: refused(),
  resources: refused(),
  restartPolicy: honoured('Deployments and ReplicaSets: Always'),
  runtimeClassName: ignored('containers run with the default runtime of the host'),
  schedulerName: ignored(noScheduler),
  schedulingGates: refused(),
  schedulingGroup: refused(),
  securityContext: honoured('see below'),
  serviceAccount: ignored(noAccounts),
  serviceAccountName: ignored(noAccounts),
  setHostnameAsFQDN: refused(),
  shareProcessNamespace: refused(),
  subdomain: refused(),
  terminationGracePeriodSeconds: honoured(),
  tolerations: ignored(noScheduler),
  topologySpreadConstraints: ignored(noScheduler),
  volumes: refused(),
}

const container: Rules<Container> = {
  args: honoured('with $(VAR)'),
  command: honoured('with $(VAR)'),
  env: honoured('value, configMapKeyRef, secretKeyRef, fieldRef, resourceFieldRef'),
  envFrom: honoured('configMapRef, secretRef'),
  image: honoured(),
  imagePullPolicy: honoured(),
  lifecycle: refused(),
  livenessProbe: honoured('see below'),
  name: honoured(),
  ports: honoured('hostPort and hostIP too'),
  readinessProbe: honoured('see below'),
  resizePolicy: ignored('cpu and memory are changed without a restart where Docker can'),
  resources: honoured('cpu and memory; ephemeral-storage is ignored, others are refused'),
  restartPolicy: refused(),
  restartPolicyRules: refused(),
  securityContext: honoured('see below'),
  startupProbe: honoured('see below'),
  stdin: honoured(),
  stdinOnce: honoured(),
  terminationMessagePath: ignored('the last lines of the log are shown instead'),
  terminationMessagePolicy: ignored('the last lines of the log are shown instead'),
  tty: honoured(),
  volumeDevices: refused(),
  volumeMounts: refused(),
  workingDir: honoured(),
}

const probe: Rules<Probe> = {
  exec: honoured(),
  failureThreshold: honoured(),
  grpc: refused(),
  httpGet: honoured(),
  initialDelaySeconds: honoured(),
  periodSeconds: honoured(),
  successThreshold: honoured(),
  tcpSocket: honoured(),
  terminationGracePeriodSeconds: refused(),
  timeoutSeconds: honoured(),
}

const securityContext: Rules<SecurityContext> = {
  allowPrivilegeEscalation: honoured(),
  appArmorProfile: ignored("Docker's own profile applies; Unconfined and Localhost are refused"),
  capabilities: honoured(),
  privileged: honoured('only with podSecurity: privileged'),
  procMount: refused(),
  readOnlyRootFilesystem: honoured(),
  runAsGroup: honoured(),
  runAsNonRoot: honoured(),
  runAsUser: honoured(),
  seLinuxOptions: refused(),
  seccompProfile: honoured('RuntimeDefault and Unconfined; Localhost is refused'),
  windowsOptions: refused(),
}

const podSecurityContext: Rules<PodSecurityContext> = {
  appArmorProfile: ignored("Docker's own profile applies; Unconfined and Localhost are refused"),
  fsGroup: refused(),
  fsGroupChangePolicy: ignored('there are no volumes yet'),
  runAsGroup: honoured(),
  runAsNonRoot: honoured(),
  runAsUser: honoured(),
  seLinuxChangePolicy: refused(),
  seLinuxOptions: refused(),
  seccompProfile: honoured('RuntimeDefault and Unconfined; Localhost is refused'),
  supplementalGroups: honoured(),
  supplementalGroupsPolicy: ignored('groups of the image are merged; Strict is refused'),
  sysctls: refused(),
  windowsOptions: refused(),
}

/** What is done with each field; a field that the schema gains does not compile before it has a row here. */
export const fields = {
  'Deployment.spec': deploymentSpec,
  'ReplicaSet.spec': {
    minReadySeconds: honoured(),
    replicas: honoured(),
    selector: honoured('must match the labels of the template'),
    template: honoured(),
  },
  'Pod.spec': podSpec,
  'Pod.spec.securityContext': podSecurityContext,
  'Pod.spec.containers[]': container,
  'Pod.spec.containers[].securityContext': securityContext,
  'Probes (readiness, liveness, startup)': probe,
} as const

export type FieldTable = keyof typeof fields

/** Written, and not just in words that change nothing: `[]`, `{}`, `false`, `""`. */
export function isSet(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === '') return false
  if (typeof value === 'object') return Object.keys(value).length > 0
  return true
}

/** Fields of `written` that are not honoured, with their rule. */
export function* unhonoured(table: FieldTable, written: object): Generator<[string, FieldRule]> {
  const rules: Readonly<Record<string, FieldRule>> = fields[table]
  for (const [name, value] of Object.entries(written)) {
    const rule = rules[name]
    if (rule && rule.policy !== 'honoured' && isSet(value)) yield [name, rule]
  }
}

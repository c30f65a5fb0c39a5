import type { Affinity, Lifecycle, PodSpec, TopologySpreadConstraint } from '../types.ts'
import { honoured, ignored, type Rules, refused } from './rule.ts'

const noAccounts = 'there is no API server to give access to'
const noPreemption = 'nothing is preempted'

export const podSpec: Rules<PodSpec> = {
  activeDeadlineSeconds: honoured(),
  affinity: honoured('see below'),
  automountServiceAccountToken: ignored(noAccounts),
  containers: honoured(),
  dnsConfig: honoured(),
  dnsPolicy: honoured(),
  enableServiceLinks: honoured('variables for the Services that are there when the pod is made'),
  ephemeralContainers: refused(),
  hostAliases: honoured(),
  hostIPC: honoured('only with podSecurity: privileged'),
  hostNetwork: honoured('only with podSecurity: privileged'),
  hostPID: honoured('only with podSecurity: privileged'),
  hostUsers: ignored('containers share the users of the host; false is refused'),
  hostname: honoured(),
  hostnameOverride: refused(),
  imagePullSecrets: honoured('besides the credentials of the hosts'),
  initContainers: honoured('with restartPolicy: Always they are sidecars'),
  nodeName: honoured('the name of a host'),
  nodeSelector: honoured('labels of the hosts'),
  os: ignored('hosts run Linux; others are refused'),
  overhead: ignored('containers run with the default runtime of the host'),
  preemptionPolicy: ignored(noPreemption),
  priority: ignored(noPreemption),
  priorityClassName: ignored(noPreemption),
  readinessGates: refused(),
  resourceClaims: refused(),
  resources: refused('give the containers resources'),
  restartPolicy: honoured('Always where pods are kept; OnFailure or Never in jobs; any of these in a Pod'),
  runtimeClassName: ignored('containers run with the default runtime of the host'),
  schedulerName: ignored('there is one scheduler'),
  schedulingGates: refused(),
  schedulingGroup: refused(),
  securityContext: honoured('see below'),
  serviceAccount: ignored(noAccounts),
  serviceAccountName: ignored(noAccounts),
  setHostnameAsFQDN: honoured(),
  shareProcessNamespace: honoured(),
  subdomain: honoured(),
  terminationGracePeriodSeconds: honoured(),
  tolerations: honoured('of the taints of the hosts'),
  topologySpreadConstraints: honoured('see below'),
  volumes: honoured('see below'),
}

export const affinity: Rules<Affinity> = {
  nodeAffinity: honoured('required terms; preferred ones are wishes'),
  podAffinity: honoured(
    'required terms; preferred ones are wishes; of the labels of namespaces only the name is known',
  ),
  podAntiAffinity: honoured('as podAffinity'),
}

export const topologySpread: Rules<TopologySpreadConstraint> = {
  labelSelector: honoured(),
  matchLabelKeys: honoured(),
  maxSkew: honoured(),
  minDomains: honoured(),
  nodeAffinityPolicy: ignored('hosts that the pod may not use are left out'),
  nodeTaintsPolicy: ignored('hosts that the pod may not use are left out'),
  topologyKey: honoured(),
  whenUnsatisfiable: honoured('DoNotSchedule; ScheduleAnyway is a wish'),
}

export const lifecycle: Rules<Lifecycle> = {
  postStart: honoured('exec, httpGet or sleep'),
  preStop: honoured('exec, httpGet or sleep'),
  stopSignal: refused('set it in the image'),
}

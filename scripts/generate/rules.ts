// What the official types do not say and the API server enforces. Keys are `Definition.member`.

/** Supported kinds: file name under schema/ -> class of the official client. */
export const kinds = {
  namespace: 'V1Namespace',
  pod: 'V1Pod',
  'replica-set': 'V1ReplicaSet',
  deployment: 'V1Deployment',
  'config-map': 'V1ConfigMap',
  secret: 'V1Secret',
  service: 'V1Service',
} as const

export const apiVersions: Readonly<Record<string, string>> = {
  Namespace: 'v1',
  Pod: 'v1',
  ReplicaSet: 'apps/v1',
  Deployment: 'apps/v1',
  ConfigMap: 'v1',
  Secret: 'v1',
  Service: 'v1',
}

/** Kept by the API server, not by people: taken away before validation, with a warning. */
export const dropped: ReadonlySet<string> = new Set([
  ...['Namespace', 'Pod', 'ReplicaSet', 'Deployment', 'Service'].map((kind) => `${kind}.status`),
  ...[
    'creationTimestamp',
    'deletionGracePeriodSeconds',
    'deletionTimestamp',
    'finalizers',
    'generateName',
    'generation',
    'managedFields',
    'ownerReferences',
    'resourceVersion',
    'selfLink',
    'uid',
  ].map((member) => `ObjectMeta.${member}`),
])

/** Required by the API server's validation although the types say optional. */
export const required: readonly string[] = [
  'Pod.spec',
  'ReplicaSet.spec',
  'ReplicaSetSpec.template',
  'Deployment.spec',
  'Service.spec',
  'PodTemplateSpec.spec',
  'Container.image',
  'ObjectMeta.name',
]

export const enums: Readonly<Record<string, readonly string[]>> = {
  'PodSpec.restartPolicy': ['Always', 'OnFailure', 'Never'],
  'PodSpec.dnsPolicy': ['ClusterFirst', 'ClusterFirstWithHostNet', 'Default', 'None'],
  'PodSpec.preemptionPolicy': ['PreemptLowerPriority', 'Never'],
  'PodOS.name': ['linux', 'windows'],
  'Container.imagePullPolicy': ['Always', 'IfNotPresent', 'Never'],
  'Container.terminationMessagePolicy': ['File', 'FallbackToLogsOnError'],
  'ContainerPort.protocol': ['TCP', 'UDP', 'SCTP'],
  'HTTPGetAction.scheme': ['HTTP', 'HTTPS'],
  'SecurityContext.procMount': ['Default', 'Unmasked'],
  'SeccompProfile.type': ['RuntimeDefault', 'Unconfined', 'Localhost'],
  'AppArmorProfile.type': ['RuntimeDefault', 'Unconfined', 'Localhost'],
  'PodSecurityContext.fsGroupChangePolicy': ['OnRootMismatch', 'Always'],
  'PodSecurityContext.supplementalGroupsPolicy': ['Merge', 'Strict'],
  'Toleration.operator': ['Exists', 'Equal', 'Lt', 'Gt'],
  'Toleration.effect': ['NoSchedule', 'PreferNoSchedule', 'NoExecute'],
  'TopologySpreadConstraint.whenUnsatisfiable': ['DoNotSchedule', 'ScheduleAnyway'],
  'LabelSelectorRequirement.operator': ['In', 'NotIn', 'Exists', 'DoesNotExist'],
  'NodeSelectorRequirement.operator': ['In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt'],
  'DeploymentStrategy.type': ['RollingUpdate', 'Recreate'],
  'ServiceSpec.type': ['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName'],
  'ServiceSpec.sessionAffinity': ['None', 'ClientIP'],
  'ServiceSpec.externalTrafficPolicy': ['Cluster', 'Local'],
  'ServiceSpec.internalTrafficPolicy': ['Cluster', 'Local'],
  'ServiceSpec.ipFamilyPolicy': ['SingleStack', 'PreferDualStack', 'RequireDualStack'],
  'ServicePort.protocol': ['TCP', 'UDP', 'SCTP'],
}

/** Filled in when absent, as the API server does; in the generated types these members are always there. */
export const defaults: Readonly<Record<string, unknown>> = {
  'PodSpec.restartPolicy': 'Always',
  'PodSpec.terminationGracePeriodSeconds': 30,
  'PodSpec.dnsPolicy': 'ClusterFirst',
  'PodSpec.enableServiceLinks': true,
  'PodSpec.schedulerName': 'default-scheduler',
  'PodSpec.securityContext': {},
  'Container.terminationMessagePath': '/dev/termination-log',
  'Container.terminationMessagePolicy': 'File',
  'Container.resources': {},
  'ContainerPort.protocol': 'TCP',
  'Probe.timeoutSeconds': 1,
  'Probe.periodSeconds': 10,
  'Probe.successThreshold': 1,
  'Probe.failureThreshold': 3,
  'HTTPGetAction.path': '/',
  'HTTPGetAction.scheme': 'HTTP',
  'ObjectFieldSelector.apiVersion': 'v1',
  'PodTemplateSpec.metadata': {},
  'DeploymentSpec.replicas': 1,
  'DeploymentSpec.strategy': {},
  'DeploymentSpec.revisionHistoryLimit': 10,
  'DeploymentSpec.progressDeadlineSeconds': 600,
  'DeploymentStrategy.type': 'RollingUpdate',
  'RollingUpdateDeployment.maxSurge': '25%',
  'RollingUpdateDeployment.maxUnavailable': '25%',
  'ReplicaSetSpec.replicas': 1,
  'Secret.type': 'Opaque',
  'ServiceSpec.type': 'ClusterIP',
  'ServiceSpec.sessionAffinity': 'None',
  'ClientIPConfig.timeoutSeconds': 10800,
  'ServicePort.protocol': 'TCP',
  'ConfigMapVolumeSource.defaultMode': 420,
  'SecretVolumeSource.defaultMode': 420,
  'DownwardAPIVolumeSource.defaultMode': 420,
  'ProjectedVolumeSource.defaultMode': 420,
}

/** Defaults that follow from other members and are filled in by code; also always there afterwards. */
export const computed: readonly string[] = ['Container.imagePullPolicy', 'ServicePort.targetPort']

/** Shapes that fit members better than the official type; `format: port` and such live here as bounds. */
export const shapes: Readonly<Record<string, object>> = {
  'ContainerPort.containerPort': { type: 'integer', minimum: 1, maximum: 65535 },
  'ContainerPort.hostPort': { type: 'integer', minimum: 0, maximum: 65535 },
  'ServicePort.port': { type: 'integer', minimum: 1, maximum: 65535 },
  'ServicePort.nodePort': { type: 'integer', minimum: 0, maximum: 65535 },
}

/** Whole numbers from 0. */
export const counts: readonly string[] = [
  'DeploymentSpec.replicas',
  'DeploymentSpec.minReadySeconds',
  'DeploymentSpec.revisionHistoryLimit',
  'DeploymentSpec.progressDeadlineSeconds',
  'ReplicaSetSpec.replicas',
  'ReplicaSetSpec.minReadySeconds',
  'PodSpec.terminationGracePeriodSeconds',
  'Probe.initialDelaySeconds',
  'Probe.timeoutSeconds',
  'Probe.periodSeconds',
  'Probe.successThreshold',
  'Probe.failureThreshold',
  'SecurityContext.runAsUser',
  'SecurityContext.runAsGroup',
  'PodSecurityContext.runAsUser',
  'PodSecurityContext.runAsGroup',
  'PodSecurityContext.fsGroup',
]

/** Kubernetes quantities, which people write as numbers too. */
export const quantities: readonly string[] = [
  'ResourceRequirements.limits',
  'ResourceRequirements.requests',
  'VolumeResourceRequirements.limits',
  'VolumeResourceRequirements.requests',
  'PodSpec.overhead',
  'EmptyDirVolumeSource.sizeLimit',
  'ResourceFieldSelector.divisor',
]

/** Members whose metadata needs no name. */
export const nameless: readonly string[] = ['PodTemplateSpec.metadata', 'PersistentVolumeClaimTemplate.metadata']

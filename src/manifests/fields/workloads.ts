import type { CronJob, DaemonSet, Deployment, Job, ReplicaSet, ReplicationController, StatefulSet } from '../types.ts'
import { honoured, ignored, type Rules, refused } from './rule.ts'

const matches = 'must match the labels of the template'
const history = 'the history is in Git'

export const deploymentSpec: Rules<Deployment['spec']> = {
  minReadySeconds: honoured(),
  paused: honoured(),
  progressDeadlineSeconds: honoured(),
  replicas: honoured(),
  revisionHistoryLimit: ignored(history),
  selector: honoured(matches),
  strategy: honoured('RollingUpdate and Recreate'),
  template: honoured(),
}

export const replicaSetSpec: Rules<ReplicaSet['spec']> = {
  minReadySeconds: honoured(),
  replicas: honoured(),
  selector: honoured(matches),
  template: honoured(),
}

export const replicationControllerSpec: Rules<ReplicationController['spec']> = {
  minReadySeconds: honoured(),
  replicas: honoured(),
  selector: honoured(`${matches}; without it these labels`),
  template: honoured(),
}

export const statefulSetSpec: Rules<StatefulSet['spec']> = {
  minReadySeconds: honoured(),
  ordinals: honoured('start'),
  persistentVolumeClaimRetentionPolicy: honoured(),
  podManagementPolicy: honoured(),
  replicas: honoured(),
  revisionHistoryLimit: ignored(history),
  selector: honoured(matches),
  serviceName: honoured("the domain of the pods' names"),
  template: honoured(),
  updateStrategy: honoured('RollingUpdate (partition, maxUnavailable) and OnDelete'),
  volumeClaimTemplates: honoured(),
}

export const daemonSetSpec: Rules<DaemonSet['spec']> = {
  minReadySeconds: honoured(),
  revisionHistoryLimit: ignored(history),
  selector: honoured(matches),
  template: honoured(),
  updateStrategy: honoured('RollingUpdate (maxSurge, maxUnavailable) and OnDelete'),
}

export const jobSpec: Rules<Job['spec']> = {
  activeDeadlineSeconds: honoured(),
  backoffLimit: honoured(),
  backoffLimitPerIndex: honoured(),
  completionMode: honoured(),
  completions: honoured(),
  managedBy: refused('berth runs all jobs'),
  manualSelector: ignored('pods are found by their owner'),
  maxFailedIndexes: honoured(),
  parallelism: honoured(),
  podFailurePolicy: honoured(),
  podReplacementPolicy: honoured(),
  selector: ignored('pods are found by their owner'),
  successPolicy: honoured(),
  suspend: honoured(),
  template: honoured(),
  ttlSecondsAfterFinished: honoured(),
}

export const cronJobSpec: Rules<CronJob['spec']> = {
  concurrencyPolicy: honoured(),
  failedJobsHistoryLimit: honoured(),
  jobTemplate: honoured(),
  schedule: honoured('five fields, names, steps, @hourly and such, @every'),
  startingDeadlineSeconds: honoured(),
  successfulJobsHistoryLimit: honoured(),
  suspend: honoured(),
  timeZone: honoured('without it UTC'),
}

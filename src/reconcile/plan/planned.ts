/** Kinds that have a planner; the others are read by these, or only shown. */
export const plannedKinds = [
  'Namespace',
  'Pod',
  'ReplicaSet',
  'ReplicationController',
  'Deployment',
  'StatefulSet',
  'DaemonSet',
  'Job',
  'CronJob',
  'PersistentVolumeClaim',
] as const

export type PlannedKind = (typeof plannedKinds)[number]

export function isPlannedKind(kind: string): kind is PlannedKind {
  return plannedKinds.some((planned) => planned === kind)
}

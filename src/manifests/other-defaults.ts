// What the Kubernetes API fills in for kinds that this build reads and does not run. Source: Kubernetes' defaults of the API groups
// apps/v1, batch/v1, autoscaling/v2, storage.k8s.io/v1 and v1.

type Plain = Readonly<Record<string, unknown>>

const isMap = (value: unknown): value is Plain => typeof value === 'object' && value !== null && !Array.isArray(value)

/** `given` with what it lacks taken from `defaults`, maps member by member; lists and scalars are taken whole. */
function filled(given: Plain, defaults: Plain): Plain {
  const result: Record<string, unknown> = { ...given }
  for (const [name, value] of Object.entries(defaults)) {
    const own = result[name]
    if (own === undefined) result[name] = value
    else if (isMap(own) && isMap(value)) result[name] = filled(own, value)
  }
  return result
}

const typeOf = (spec: Plain, field: string): unknown =>
  (isMap(spec[field]) ? spec[field].type : undefined) ?? 'RollingUpdate'

function statefulSet(spec: Plain): Plain {
  const rolling = typeOf(spec, 'updateStrategy') === 'RollingUpdate' ? { rollingUpdate: { partition: 0 } } : {}
  return filled(spec, {
    replicas: 1,
    podManagementPolicy: 'OrderedReady',
    revisionHistoryLimit: 10,
    updateStrategy: { type: 'RollingUpdate', ...rolling },
  })
}

function daemonSet(spec: Plain): Plain {
  const rolling =
    typeOf(spec, 'updateStrategy') === 'RollingUpdate' ? { rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } } : {}
  return filled(spec, { revisionHistoryLimit: 10, updateStrategy: { type: 'RollingUpdate', ...rolling } })
}

/** One pod at a time and one in all, unless `parallelism` alone says that there is no fixed number (a work queue). */
function job(spec: Plain): Plain {
  const one = spec.completions === undefined && spec.parallelism === undefined ? { completions: 1 } : {}
  return filled(spec, {
    ...one,
    parallelism: 1,
    backoffLimit: 6,
    completionMode: 'NonIndexed',
    suspend: false,
    podReplacementPolicy: spec.podFailurePolicy === undefined ? 'TerminatingOrFailed' : 'Failed',
  })
}

function cronJob(spec: Plain): Plain {
  return filled(spec, {
    concurrencyPolicy: 'Allow',
    suspend: false,
    successfulJobsHistoryLimit: 3,
    failedJobsHistoryLimit: 1,
  })
}

const scaleUp = {
  stabilizationWindowSeconds: 0,
  selectPolicy: 'Max',
  policies: [
    { type: 'Pods', value: 4, periodSeconds: 15 },
    { type: 'Percent', value: 100, periodSeconds: 15 },
  ],
}
const scaleDown = { selectPolicy: 'Max', policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }] }

function horizontalPodAutoscaler(spec: Plain): Plain {
  return filled(spec, { minReplicas: 1, behavior: { scaleUp, scaleDown } })
}

const bySpec: Readonly<Record<string, (spec: Plain) => Plain>> = {
  StatefulSet: statefulSet,
  DaemonSet: daemonSet,
  Job: job,
  CronJob: cronJob,
  HorizontalPodAutoscaler: horizontalPodAutoscaler,
  PersistentVolumeClaim: (spec) => filled(spec, { volumeMode: 'Filesystem' }),
}

/** An object of one of these kinds with its defaults; undefined for any other kind. */
export function completeOther(object: Plain): Plain | undefined {
  const { kind } = object
  if (kind === 'StorageClass') return filled(object, { reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate' })
  const complete = typeof kind === 'string' && Object.hasOwn(bySpec, kind) ? bySpec[kind] : undefined
  return complete && { ...object, spec: complete(isMap(object.spec) ? object.spec : {}) }
}

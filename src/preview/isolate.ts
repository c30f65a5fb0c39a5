import { type Key, keyOf } from '../base/key.ts'
import { duplicateProblem, type Ignored, type Located, type ManifestSet } from '../manifests/check.ts'
import type { Problem } from '../manifests/problem.ts'
import type { CronJobSpec, JobSpec, Kind, ManifestObject, ObjectOf } from '../manifests/types.ts'
import { isolatedClaim } from './claims.ts'
import { isolatedHistory, reviewCount, reviewJob, reviewObjects } from './counts.ts'
import { forcedObjects, isForced } from './forced.ts'
import { isolatedAutoscaler } from './metrics.ts'
import { isolatedPod, isolatedTemplate, noSecrets, reviewText } from './pods.ts'
import { isolatedPolicy } from './policies.ts'
import type { Isolate, PreviewRules, Remarks } from './rules.ts'
import { isolatedIngress, isolatedService } from './services.ts'

export interface Isolated {
  /** To be used only when there are no problems. */
  readonly objects: ManifestSet
  readonly problems: readonly Problem[]
  readonly ignored: readonly Ignored[]
}

const templated = <O extends ObjectOf['Deployment' | 'ReplicaSet' | 'DaemonSet' | 'ReplicationController']>(
  object: O,
  rules: PreviewRules,
  remarks: Parameters<Isolate<O>>[2],
): O => {
  const { template } = object.spec
  if ('replicas' in object.spec) reviewCount(object.spec.replicas, 'spec.replicas', rules, remarks)
  if (template === undefined) return object
  return { ...object, spec: { ...object.spec, template: isolatedTemplate(template, 'spec.template', rules, remarks) } }
}

const same = <O extends ManifestObject>(object: O): O => object

/** Of the whole cluster: production's stays in force, that of the pull request has none. */
const clusterWide =
  (what: string): Isolate<ManifestObject> =>
  (_object, _rules, remarks) => {
    remarks.leaveOut('', `${what} are for all namespaces: production’s hold for previews, too`)
    return undefined
  }

/** Limits of a preview are not its own business. */
const limits: Isolate<ManifestObject> = (_object, _rules, remarks) => {
  remarks.leaveOut('', 'limits of a preview are set by spec.previews of the Application')
  return undefined
}

/** One row per kind: a kind that previews do not know does not compile. */
const rows: { readonly [K in Kind]: Isolate<ObjectOf[K]> } = {
  Namespace: (_object, _rules, remarks) => {
    remarks.leaveOut('', 'a preview has one namespace, which berth makes')
    return undefined
  },
  Pod: (pod, rules, remarks) => {
    reviewText(pod, 'spec', remarks)
    return { ...pod, spec: isolatedPod(pod.spec, 'spec', rules, remarks) }
  },
  ReplicaSet: templated,
  Deployment: templated,
  ConfigMap: same,
  Secret: (secret, { untrusted }, remarks) => {
    if (!untrusted) return secret
    remarks.leaveOut('', noSecrets)
    return undefined
  },
  Service: isolatedService,
  ReplicationController: templated,
  StatefulSet: (set, rules, remarks) => {
    reviewCount(set.spec.replicas, 'spec.replicas', rules, remarks)
    const template = isolatedTemplate(set.spec.template, 'spec.template', rules, remarks)
    const claims = set.spec.volumeClaimTemplates?.map((claim, index) => ({
      ...claim,
      spec: isolatedClaim(claim.spec, `spec.volumeClaimTemplates[${index}].spec`, rules, remarks),
    }))
    return { ...set, spec: { ...set.spec, template, ...(claims && { volumeClaimTemplates: claims }) } }
  },
  DaemonSet: templated,
  Job: (job, rules, remarks) => ({ ...job, spec: isolatedJob(job.spec, 'spec', rules, remarks) }),
  CronJob: (job, rules, remarks) => {
    const { jobTemplate } = job.spec
    const spec = isolatedJob(jobTemplate.spec, 'spec.jobTemplate.spec', rules, remarks)
    return { ...job, spec: { ...job.spec, ...histories(job.spec, remarks), jobTemplate: { ...jobTemplate, spec } } }
  },
  HorizontalPodAutoscaler: (autoscaler, rules, remarks) => {
    reviewCount(autoscaler.spec.maxReplicas, 'spec.maxReplicas', rules, remarks)
    return isolatedAutoscaler(autoscaler, remarks)
  },
  PersistentVolume: clusterWide('volumes'),
  PersistentVolumeClaim: (claim, rules, remarks) => ({
    ...claim,
    spec: isolatedClaim(claim.spec, 'spec', rules, remarks),
  }),
  StorageClass: clusterWide('classes of storage'),
  ResourceQuota: limits,
  LimitRange: limits,
  PodDisruptionBudget: same,
  Ingress: isolatedIngress,
  IngressClass: clusterWide('classes of Ingresses'),
  NetworkPolicy: isolatedPolicy,
  Endpoints: (_object, _rules, remarks) => refusedAddresses('Endpoints', remarks),
  EndpointSlice: (_object, _rules, remarks) => refusedAddresses('EndpointSlice', remarks),
}

function isolatedJob(spec: JobSpec, path: string, rules: PreviewRules, remarks: Remarks): JobSpec {
  reviewJob(spec, path, rules, remarks)
  return { ...spec, template: isolatedTemplate(spec.template, `${path}.template`, rules, remarks) }
}

function histories(spec: CronJobSpec, remarks: Remarks): Partial<CronJobSpec> {
  const { successfulJobsHistoryLimit, failedJobsHistoryLimit } = spec
  return {
    successfulJobsHistoryLimit: isolatedHistory(successfulJobsHistoryLimit, 'spec.successfulJobsHistoryLimit', remarks),
    failedJobsHistoryLimit: isolatedHistory(failedJobsHistoryLimit, 'spec.failedJobsHistoryLimit', remarks),
  }
}

/** They could be addresses of production's pods, or of the network around. */
function refusedAddresses(kind: string, remarks: Parameters<Isolate<ManifestObject>>[2]): undefined {
  remarks.leaveOut('', `a preview does not lead to written addresses, as ${kind} do`)
  return undefined
}

/**
 * The objects of a pull request as those of its preview: in one namespace, without anything that is production's or the whole cluster's,
 * within limits that they cannot change.
 */
export function isolated(objects: ManifestSet, rules: PreviewRules): Isolated {
  const result = new Map<Key, Located>()
  const problems: Problem[] = []
  const ignored: Ignored[] = []
  for (const located of objects.values()) {
    const { object, file, line } = located
    const { kind, metadata } = object
    const remarks = {
      refuse: (path: string, message: string) => problems.push({ file, line, path, message }),
      leaveOut: (path: string, reason: string) => ignored.push({ file, line, kind, name: metadata.name, path, reason }),
    }
    const { namespace } = metadata
    if (namespace !== undefined && namespace !== rules.namespace && !rules.ownNamespaces.has(namespace)) {
      const own = [...rules.ownNamespaces].sort().join(', ')
      remarks.refuse('metadata.namespace', `expected a namespace of the application (${own}), found "${namespace}"`)
      continue
    }
    const row: Isolate<never> = rows[kind]
    const inside = row(object as never, rules, remarks)
    if (!inside) continue
    const moved = { ...inside, metadata: { ...inside.metadata, namespace: rules.namespace } } as ManifestObject
    const key = keyOf({ namespace: rules.namespace, kind: moved.kind, name: moved.metadata.name })
    const other = result.get(key)
    const placed = { object: moved, file, line }
    if (isForced(moved)) remarks.refuse('metadata.name', `"${moved.metadata.name}" is berth’s own in a preview`)
    else if (other) problems.push(inOneNamespace(placed, other))
    else result.set(key, placed)
  }
  reviewObjects(result.values(), rules, ({ file, line }, path, message) => problems.push({ file, line, path, message }))
  for (const object of forcedObjects(rules)) {
    const key = keyOf({ namespace: rules.namespace, kind: object.kind, name: object.metadata.name })
    result.set(key, { object, file: '', line: 0 })
  }
  return { objects: result, problems, ignored }
}

function inOneNamespace(placed: Located, other: Located): Problem {
  const problem = duplicateProblem(placed, other)
  return { ...problem, message: `${problem.message}: all namespaces of the application are one in a preview` }
}

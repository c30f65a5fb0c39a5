// Contents as the objects that Berth reads out of a repository: written down, checked and filled in by its own rules.
import { checkManifests, type Located } from '../../src/manifests/check.ts'
import { renderProblem } from '../../src/manifests/problem.ts'
import { readManifest } from '../../src/manifests/read.ts'
import {
  type Content,
  type CronContent,
  type DaemonContent,
  type JobContent,
  namespace,
  type PassiveContent,
  type PodContent,
  type ScaledContent,
  type StatefulContent,
} from './commits.ts'

const read = new Map<string, Located>()
const known = new WeakMap<Content, Located>()
const encoder = new TextEncoder()

export function locatedOf(content: Content): Located {
  const before = known.get(content)
  if (before) return before
  const located = readObject(content)
  known.set(content, located)
  return located
}

function readObject(content: Content): Located {
  const text = JSON.stringify(manifestOf(content))
  const before = read.get(text)
  if (before) return before
  const { documents } = readManifest({ path: `${content.name}.json`, bytes: encoder.encode(text) })
  const { objects, problems } = checkManifests(documents, { namespace, podSecurity: 'privileged' })
  const [located] = objects.values()
  if (!located || problems.length > 0) throw new Error(problems.map(renderProblem).join('\n') || `no object in ${text}`)
  read.set(text, located)
  return located
}

function manifestOf(content: Content): object {
  const { kind, name } = content
  const common = { kind, metadata: { name, labels: { app: name } } }
  switch (content.kind) {
    case 'Pod':
    case 'ReplicaSet':
    case 'Deployment':
      return { ...common, ...scaled(content) }
    case 'StatefulSet':
      return { ...common, apiVersion: 'apps/v1', spec: statefulSpec(content) }
    case 'DaemonSet':
      return { ...common, apiVersion: 'apps/v1', spec: daemonSpec(content) }
    case 'Job':
      return { ...common, apiVersion: 'batch/v1', spec: jobSpec(content, content.suspend) }
    case 'CronJob':
      return { ...common, apiVersion: 'batch/v1', spec: cronSpec(content) }
    case 'ConfigMap':
    case 'PersistentVolumeClaim':
    case 'ResourceQuota':
    case 'Service':
      return { ...common, apiVersion: 'v1', ...passive(content) }
    default:
      return content satisfies never
  }
}

function scaled(content: ScaledContent): object {
  const spec = podSpec(content)
  if (content.kind === 'Pod') return { apiVersion: 'v1', spec }
  const { replicas, minReadySeconds } = content
  const common = { ...selecting(content.name, spec), replicas, minReadySeconds }
  if (content.kind === 'ReplicaSet') return { apiVersion: 'apps/v1', spec: common }
  const { recreate, paused, surge: maxSurge, unavailable: maxUnavailable } = content
  // Kubernetes refuses both at zero.
  const rollingUpdate = { maxSurge, maxUnavailable: maxSurge === 0 && maxUnavailable === 0 ? 1 : maxUnavailable }
  const strategy = recreate ? { type: 'Recreate' } : { type: 'RollingUpdate', rollingUpdate }
  return { apiVersion: 'apps/v1', spec: { ...common, paused, strategy, progressDeadlineSeconds: 60 } }
}

function selecting(app: string, spec: object) {
  return { selector: { matchLabels: { app } }, template: { metadata: { labels: { app } }, spec } }
}

export const claimTemplate = 'data'

function statefulSpec(content: StatefulContent): object {
  const { name, replicas, start, partition, maxUnavailable, minReadySeconds, whenScaled } = content
  const rollingUpdate = { partition, ...(maxUnavailable === undefined ? {} : { maxUnavailable }) }
  return {
    ...selecting(name, podSpec(content, claimTemplate)),
    ...{ replicas, minReadySeconds, serviceName: name, ordinals: { start } },
    podManagementPolicy: content.parallel ? 'Parallel' : 'OrderedReady',
    updateStrategy: content.onDelete ? { type: 'OnDelete' } : { type: 'RollingUpdate', rollingUpdate },
    persistentVolumeClaimRetentionPolicy: { whenScaled, whenDeleted: 'Retain' },
    volumeClaimTemplates: [{ metadata: { name: claimTemplate }, spec: claimSpec(1) }],
  }
}

function daemonSpec(content: DaemonContent): object {
  const rollingUpdate = content.surge ? { maxSurge: 1, maxUnavailable: 0 } : { maxSurge: 0, maxUnavailable: 1 }
  const nodeSelector = content.zone ? { nodeSelector: { zone: content.zone } } : {}
  return {
    ...selecting(content.name, { ...podSpec(content), ...nodeSelector }),
    updateStrategy: content.onDelete ? { type: 'OnDelete' } : { type: 'RollingUpdate', rollingUpdate },
  }
}

function jobSpec(content: JobContent, suspend: boolean): object {
  const { completions, parallelism, backoffLimit, restartPolicy, indexed, ttlSeconds } = content
  const { containers, ...spec } = podSpec(content)
  return {
    ...{ completions, parallelism, backoffLimit, suspend },
    ...(ttlSeconds === undefined ? {} : { ttlSecondsAfterFinished: ttlSeconds }),
    completionMode: indexed ? 'Indexed' : 'NonIndexed',
    template: { spec: { ...spec, containers: containers.slice(0, 1), restartPolicy } },
  }
}

function cronSpec(content: CronContent): object {
  const { schedule, timeZone, concurrency, startingDeadlineSeconds, suspend, kept, keptFailed } = content
  return {
    ...{ schedule, suspend, concurrencyPolicy: concurrency },
    ...(timeZone === undefined ? {} : { timeZone }),
    ...(startingDeadlineSeconds === undefined ? {} : { startingDeadlineSeconds }),
    ...{ successfulJobsHistoryLimit: kept, failedJobsHistoryLimit: keptFailed },
    jobTemplate: { spec: jobSpec(content, false) },
  }
}

function passive({ kind, name, amount }: PassiveContent): object {
  if (kind === 'Service') return { spec: { selector: { app: name }, ports: [{ port: amount, targetPort: 8080 }] } }
  if (kind === 'ConfigMap') return { data: { level: String(amount) } }
  if (kind === 'PersistentVolumeClaim') return { spec: claimSpec(amount) }
  return { spec: { hard: { pods: String(amount), 'requests.cpu': `${amount * 300}m` } } }
}

function claimSpec(gibibytes: number): object {
  return { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: `${gibibytes}Gi` } } }
}

function podSpec(content: PodContent, ownClaim = '') {
  const { image, level, cpu, init, sidecar, config, claim } = content
  const resources = (amount: string) => ({ requests: { cpu: amount } })
  const env = [
    { name: 'LEVEL', value: String(level) },
    { name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
    ...(config === 'env'
      ? [{ name: 'SETTING', valueFrom: { configMapKeyRef: { name: 'settings', key: 'level' } } }]
      : []),
  ]
  const volumes = [
    ...(config === 'volume' ? [{ name: 'settings', configMap: { name: 'settings' } }] : []),
    ...(claim ? [{ name: 'shared', persistentVolumeClaim: { claimName: 'shared' } }] : []),
  ]
  const mounted = [...volumes.map(({ name }) => name), ...(ownClaim ? [ownClaim] : [])]
  const volumeMounts = mounted.map((name) => ({ name, mountPath: `/mnt/${name}` }))
  const initContainers = [
    ...(init ? [{ name: 'init', image: 'init:1', resources: resources('10m'), volumeMounts }] : []),
    ...(sidecar
      ? [{ name: 'sidecar', image: 'good:helper', restartPolicy: 'Always', resources: resources('10m') }]
      : []),
  ]
  return {
    ...(initContainers.length > 0 ? { initContainers } : {}),
    ...(volumes.length > 0 ? { volumes } : {}),
    containers: [
      { name: 'app', image, env, resources: resources(cpu), volumeMounts },
      { name: 'helper', image: 'good:helper', resources: resources('10m') },
    ],
    terminationGracePeriodSeconds: 5,
  }
}

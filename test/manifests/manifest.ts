import { type CheckOptions, type CheckResult, checkManifests } from '../../src/manifests/check.ts'
import { renderProblem } from '../../src/manifests/problem.ts'
import { type ReadResult, readManifest } from '../../src/manifests/read.ts'
import type { Kind, ObjectOf } from '../../src/manifests/types.ts'

const encoder = new TextEncoder()

export function read(text: string | Uint8Array, path = 'app.yaml'): ReadResult {
  return readManifest({ path, bytes: typeof text === 'string' ? encoder.encode(text) : text })
}

/** Plain data of every document. */
export function values(text: string): unknown[] {
  return read(text).documents.map(({ value }) => value)
}

/** Problems of reading alone, as people see them. */
export function readProblems(text: string | Uint8Array, path?: string): string[] {
  return read(text, path).problems.map(renderProblem)
}

export function check(text: string, options: Partial<CheckOptions> = {}): CheckResult {
  const { documents, problems } = read(text)
  const result = checkManifests(documents, { namespace: 'shop', podSecurity: 'privileged', ...options })
  return { ...result, problems: [...problems, ...result.problems] }
}

export function problems(text: string, options: Partial<CheckOptions> = {}): string[] {
  return check(text, options).problems.map(renderProblem)
}

/** The only object of a manifest, which must be fine. */
export function object<K extends Kind>(kind: K, manifest: object | string): ObjectOf[K] {
  const { objects, problems } = check(typeof manifest === 'string' ? manifest : JSON.stringify(manifest))
  if (problems.length > 0) throw new Error(problems.map(renderProblem).join('\n'))
  const [located] = objects.values()
  if (located?.object.kind !== kind) throw new Error(`expected a ${kind}, found ${located?.object.kind}`)
  return located.object as ObjectOf[K]
}

export const container = { name: 'web', image: 'shop/web:1' }

/** A Deployment that is fine, as plain data. */
export function deployment(spec: object = {}, podSpec: object = {}) {
  const labels = { app: 'web' }
  const template = { metadata: { labels }, spec: { containers: [container], ...podSpec } }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: { selector: { matchLabels: labels }, template, ...spec },
  }
}

export function pod(spec: object = {}) {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'one' }, spec: { containers: [container], ...spec } }
}

/** A StatefulSet that is fine. */
export function statefulSet(spec: object = {}, podSpec: object = {}) {
  return { ...deployment(spec, podSpec), kind: 'StatefulSet' }
}

/** A DaemonSet that is fine. */
export function daemonSet(spec: object = {}, podSpec: object = {}) {
  return { ...deployment(spec, podSpec), kind: 'DaemonSet' }
}

/** A ReplicationController that is fine. */
export function replicationController(spec: object = {}) {
  const { template } = deployment().spec
  return { apiVersion: 'v1', kind: 'ReplicationController', metadata: { name: 'web' }, spec: { template, ...spec } }
}

/** A Job that is fine. */
export function job(spec: object = {}, podSpec: object = {}) {
  const template = { spec: { restartPolicy: 'Never', containers: [container], ...podSpec } }
  return { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'migrate' }, spec: { template, ...spec } }
}

/** A CronJob that is fine. */
export function cronJob(spec: object = {}, jobSpec: object = {}) {
  const jobTemplate = { spec: job(jobSpec).spec }
  const metadata = { name: 'dump' }
  return { apiVersion: 'batch/v1', kind: 'CronJob', metadata, spec: { schedule: '0 3 * * *', jobTemplate, ...spec } }
}

/** A HorizontalPodAutoscaler that is fine. */
export function autoscaler(spec: object = {}) {
  const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }
  const metadata = { name: 'web' }
  const kind = 'HorizontalPodAutoscaler'
  return { apiVersion: 'autoscaling/v2', kind, metadata, spec: { maxReplicas: 5, scaleTargetRef, ...spec } }
}

export const claimSpec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } }

/** A PersistentVolumeClaim that is fine. */
export function claim(spec: object = {}) {
  const metadata = { name: 'data' }
  return { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata, spec: { ...claimSpec, ...spec } }
}

/** A PersistentVolume that is fine but for its source. */
export function volume(spec: object) {
  const rest = { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'] }
  return { apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name: 'disk' }, spec: { ...rest, ...spec } }
}

/** A StorageClass that is fine. */
export function storageClass(extra: object = {}) {
  const metadata = { name: 'fast' }
  return { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', metadata, provisioner: 'local', ...extra }
}

/** An object of the group without a name that is named `a`. */
export function core(kind: string, spec: object) {
  return { apiVersion: 'v1', kind, metadata: { name: 'a' }, spec }
}

/** A PodDisruptionBudget. */
export function budget(spec: object) {
  return { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name: 'web' }, spec }
}

export function service(spec: object) {
  return { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web' }, spec }
}

export const json = (value: object) => JSON.stringify(value)

/** The text of a ConfigMap. */
export function config(name: string, extra: object = {}): string {
  return json({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, ...extra })
}

export function secretObject(extra: object = {}) {
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, ...extra }
}

/** The text of a Secret. */
export function secret(extra: object): string {
  return json(secretObject(extra))
}

/** A Pod whose container has `extra`. */
export function withContainer(extra: object) {
  return pod({ containers: [{ ...container, ...extra }] })
}

/** Problems of a manifest in one line, without `app.yaml:1: `. */
export function plain(value: object | string, options: Partial<CheckOptions> = {}): string[] {
  const text = typeof value === 'string' ? value : json(value)
  return problems(text, options).map((problem) => problem.replace(/^app\.yaml:\d+: /, ''))
}

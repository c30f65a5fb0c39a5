import { Document, isScalar, visit } from 'yaml'
import { plainScalar } from './scalar.ts'
import type { Kind, ManifestObject } from './types.ts'

const order: Readonly<Record<Kind, number>> = {
  Namespace: 0,
  NetworkPolicy: 1,
  IngressClass: 2,
  StorageClass: 3,
  PersistentVolume: 4,
  ResourceQuota: 5,
  LimitRange: 6,
  ConfigMap: 7,
  Secret: 8,
  PersistentVolumeClaim: 9,
  Service: 10,
  Endpoints: 11,
  EndpointSlice: 12,
  StatefulSet: 13,
  Deployment: 14,
  ReplicaSet: 15,
  ReplicationController: 16,
  DaemonSet: 17,
  Job: 18,
  CronJob: 19,
  Pod: 20,
  HorizontalPodAutoscaler: 21,
  PodDisruptionBudget: 22,
  Ingress: 23,
}

const hidden = '***'
const leading = ['apiVersion', 'kind', 'metadata', 'name', 'namespace']

/** Objects as YAML documents, in one order whatever files they came from. `secrets`: show the values of Secrets. */
export function renderManifests(
  objects: readonly ManifestObject[],
  options: { readonly secrets?: boolean } = {},
): string {
  const sorted = [...objects].sort(
    (a, b) =>
      compare(a.metadata.namespace ?? '', b.metadata.namespace ?? '') ||
      order[a.kind] - order[b.kind] ||
      compare(a.metadata.name, b.metadata.name),
  )
  return sorted.map((object) => renderDocument(options.secrets ? object : withoutSecrets(object))).join('---\n')
}

/** The same object with `***` in place of every value of a Secret. */
export function withoutSecrets(object: ManifestObject): ManifestObject {
  if (object.kind !== 'Secret' || !object.data) return object
  return { ...object, data: Object.fromEntries(Object.keys(object.data).map((key) => [key, hidden])) }
}

function renderDocument(object: ManifestObject): string {
  const document = new Document(ordered(object), { version: '1.1', aliasDuplicateObjects: false })
  visit(document, {
    Scalar(_, node) {
      if (isScalar(node) && typeof node.value === 'string' && changesWhenPlain(node.value)) node.type = 'QUOTE_DOUBLE'
    },
  })
  return document.toString({ lineWidth: 0, directives: false })
}

/** Text that a reader would take for a number, a boolean or nothing. */
function changesWhenPlain(text: string): boolean {
  try {
    return plainScalar(text) !== text
  } catch {
    return true
  }
}

/** Members by name, but what says what it is comes first. */
function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => rank(a) - rank(b) || compare(a, b))
      .map(([key, member]) => [key, ordered(member)]),
  )
}

function rank(key: string): number {
  const index = leading.indexOf(key)
  return index < 0 ? leading.length : index
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

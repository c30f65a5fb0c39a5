import { type Key, keyOf } from '../base/key.ts'
import type {
  ClaimTemplate,
  ConfigMap,
  LimitRange,
  ManifestObject,
  PersistentVolumeClaimSpec,
  Secret,
} from '../manifests/types.ts'
import type { Desired, Provision, Template } from './plan/desired.ts'
import { forbiddenClaim } from './plan/limit-range.ts'
import { podTemplateOf } from './plan/references.ts'
import { resolveTemplate } from './plan/template.ts'
import type { Storage } from './storage.ts'

export interface Entry {
  readonly app: string
  readonly commit: string
  readonly since: number
  readonly object: ManifestObject
  /** Built when first asked for; dropped when the object or what it depends on changes. */
  desired?: Desired | undefined
}

/** What an object may refer to. */
export interface Desiring {
  readonly find: (key: Key) => ManifestObject | undefined
  readonly limits: (namespace: string) => readonly LimitRange[]
  readonly storage: Storage
  readonly replicasOf: (target: Key, manifest: number) => number
}

/** The object with its references followed; undefined for what is only read by others. */
function desireFrom(entry: Entry, facts: Desiring): Desired | undefined {
  const { app, commit, since, object } = entry
  const common = { app, commit, since }
  const key = keyOf({ namespace: object.metadata.namespace ?? '', kind: object.kind, name: object.metadata.name })
  const scaled = (replicas: number) => ({
    template: templateOf(entry, facts),
    replicas: facts.replicasOf(key, replicas),
  })
  switch (object.kind) {
    case 'Namespace':
      return { ...common, kind: object.kind, object }
    case 'PersistentVolumeClaim': {
      const provision = provisionOf(key, facts)
      return provision && { ...common, kind: object.kind, object, provision }
    }
    case 'Pod':
      return { ...common, kind: object.kind, object, template: templateOf(entry, facts) }
    case 'ReplicaSet':
      return { ...common, kind: object.kind, object, ...scaled(object.spec.replicas) }
    case 'ReplicationController':
      return { ...common, kind: object.kind, object, ...scaled(object.spec.replicas) }
    case 'Deployment':
      return { ...common, kind: object.kind, object, ...scaled(object.spec.replicas) }
    case 'StatefulSet':
      return { ...common, kind: object.kind, object, ...scaled(object.spec.replicas) }
    case 'DaemonSet':
      return { ...common, kind: object.kind, object, template: templateOf(entry, facts) }
    case 'Job':
      return { ...common, kind: object.kind, object, template: templateOf(entry, facts) }
    case 'CronJob':
      return { ...common, kind: object.kind, object, template: templateOf(entry, facts) }
    default:
      return undefined
  }
}

/** What an entry wants, with the number of pods that is wanted now: an autoscaler may change it at any time. */
export function desiredNow(entry: Entry, key: Key, facts: Desiring): Desired | undefined {
  const desired = entry.desired ?? desireFrom(entry, facts)
  if (!desired || !('replicas' in desired)) return desired
  const replicas = facts.replicasOf(key, desired.object.spec.replicas)
  if (replicas === desired.replicas) return desired
  return facts.storage.grow(key) ? desireFrom(entry, facts) : { ...desired, replicas }
}

/** Undefined: no such claim is wanted. */
function provisionOf(claim: Key, { storage, find, limits }: Desiring): Provision | undefined {
  const provision = storage.claim(claim)
  const object = find(claim)
  if (!provision || object?.kind !== 'PersistentVolumeClaim') return provision
  return within(provision, object.spec, limits(object.metadata.namespace ?? ''))
}

function within(provision: Provision, spec: PersistentVolumeClaimSpec, ranges: readonly LimitRange[]): Provision {
  const forbidden = forbiddenClaim(spec, ranges)
  return forbidden === '' ? provision : { ...provision, forbidden }
}

function templateOf({ app, object }: Entry, facts: Desiring): Template {
  const template = podTemplateOf(object)
  if (!template) throw new TypeError(`a ${object.kind} has no pods`)
  const { namespace = '', name, annotations = {} } = object.metadata
  const limitRanges = facts.limits(namespace)
  const find = (kind: 'ConfigMap' | 'Secret', wanted: string): ConfigMap | Secret | undefined => {
    const found = facts.find(keyOf({ namespace, kind, name: wanted }))
    return found?.kind === 'ConfigMap' || found?.kind === 'Secret' ? found : undefined
  }
  const storage = {
    claim: (claim: string) => provisionOf(keyOf({ namespace, kind: 'PersistentVolumeClaim', name: claim }), facts),
    claimTemplate: (claim: ClaimTemplate, wanted: string) =>
      within(facts.storage.ofTemplate(app, object, claim, wanted), claim.spec, limitRanges),
    ownClaims: (claim: ClaimTemplate) => {
      const own = object.kind === 'StatefulSet' ? facts.storage.ownOf(app, object, claim) : []
      return new Map(own.map(({ name, spec, provision }) => [name, within(provision, spec, limitRanges)]))
    },
    claimTemplates: object.kind === 'StatefulSet' ? (object.spec.volumeClaimTemplates ?? []) : [],
  }
  return resolveTemplate(template, namespace, `${object.kind}/${name}`, find, {
    storage,
    annotations,
    limitRanges,
  })
}

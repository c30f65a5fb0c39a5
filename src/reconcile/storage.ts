import { type Key, keyOf } from '../base/key.ts'
import { seededFromAnnotation } from '../manifests/preview-annotations.ts'
import { toBytes } from '../manifests/quantity.ts'
import type {
  ClaimTemplate,
  ManifestObject,
  PersistentVolume,
  PersistentVolumeClaim,
  PersistentVolumeClaimSpec,
  StatefulSet,
  StorageClass,
} from '../manifests/types.ts'
import type { LiveVolume } from '../runtime/live.ts'
import { ClaimData } from './claim-data.ts'
import { bindClaims, type ClaimToBind, claimKey } from './plan/binding.ts'
import type { Provision } from './plan/desired.ts'
import { seedKey } from './plan/fill.ts'
import { classNameOf, provisionOf } from './plan/provision.ts'
import { claimFrom, claimNamesOf, factsOf } from './plan/set-claims.ts'

interface WantedClaim {
  readonly app: string
  readonly claim: PersistentVolumeClaim
}

export interface StorageFacts {
  /** Docker volumes that outlive pods. */
  readonly volumes: () => Iterable<LiveVolume>
  /** What an autoscaler makes of the manifest's number. */
  readonly replicasOf: (target: Key, manifest: number) => number
}

/** A claim of one pod of a StatefulSet. */
export interface OwnClaim {
  readonly name: string
  readonly spec: PersistentVolumeClaimSpec
  readonly provision: Provision
}

interface Bindings {
  /** Grows with what autoscalers add. */
  readonly bound: Map<Key, PersistentVolume>
  readonly data: ClaimData
}

/** The claims, static volumes and classes of all applications, and how each claim is provided for. */
export class Storage {
  readonly #classes = new Map<Key, StorageClass>()
  readonly #volumes = new Map<Key, PersistentVolume>()
  readonly #claims = new Map<Key, WantedClaim>()
  /** Those that have claims of their own. */
  readonly #sets = new Map<Key, StatefulSet>()
  readonly #facts: StorageFacts
  /** Dropped when any of the four changes. */
  #bindings: Bindings | undefined

  constructor(facts: StorageFacts) {
    this.#facts = facts
  }

  put(key: Key, app: string, object: ManifestObject): void {
    if (object.kind === 'StorageClass') this.#classes.set(key, object)
    else if (object.kind === 'PersistentVolume') this.#volumes.set(key, object)
    else if (object.kind === 'PersistentVolumeClaim') this.#claims.set(key, { app, claim: object })
    else if (object.kind === 'StatefulSet' && object.spec.volumeClaimTemplates) this.#sets.set(key, object)
    else return
    this.#bindings = undefined
  }

  remove(key: Key): void {
    const removed = [this.#classes, this.#volumes, this.#claims, this.#sets].map((map) => map.delete(key))
    if (removed.includes(true)) this.#bindings = undefined
  }

  /** Whether a change of this StatefulSet may change what other claims are bound to. */
  competes(key: Key): boolean {
    return this.#volumes.size > 0 && this.#sets.has(key)
  }

  /** Undefined: no such claim is wanted. */
  claim(key: Key): Provision | undefined {
    const wanted = this.#claims.get(key)
    if (!wanted) return undefined
    const { namespace = '', name } = wanted.claim.metadata
    const { bound, data } = this.#bound()
    const wish = {
      app: wanted.app,
      namespace,
      name,
      spec: wanted.claim.spec,
      boundTo: data.of(key),
      seed: seedOf(wanted.claim),
    }
    return provisionOf(wish, this.#allClasses(), bound.get(key), [...this.#volumes.values()])
  }

  /** A claim for each pod of an object, by a template of its own; `name` holds a stand-in for the pod's. */
  ofTemplate(app: string, owner: ManifestObject, template: ClaimTemplate, name: string): Provision {
    const facts = owner.kind === 'StatefulSet' ? factsOf(owner) : {}
    const wish = {
      app,
      namespace: owner.metadata.namespace ?? '',
      name,
      spec: template.spec,
      facts,
      seed: seedOf(template),
    }
    return provisionOf(wish, this.#allClasses(), undefined, [...this.#volumes.values()])
  }

  /** Claims of the set's pods that are not provided as all of the template are: bound, or written in Git beforehand. */
  ownOf(app: string, set: StatefulSet, template: ClaimTemplate): readonly OwnClaim[] {
    const { namespace = '' } = set.metadata
    const { bound, data } = this.#bound()
    const usual = this.ofTemplate(app, set, template, template.metadata.name)
    return this.#namesOf(set, template, data).flatMap((name): OwnClaim[] => {
      const key = keyOf({ namespace, kind: 'PersistentVolumeClaim', name })
      const written = this.#claims.get(key)
      const provided = this.claim(key)
      if (written && provided) return [{ name, spec: written.claim.spec, provision: provided }]
      const boundTo = data.of(key)
      const volume = bound.get(key)
      if (!volume && !boundTo && (boundTo === undefined || usual.problem === '')) return []
      const wish = { app, namespace, name, spec: template.spec, facts: factsOf(set), boundTo, seed: seedOf(template) }
      const provision = provisionOf(wish, this.#allClasses(), volume, [...this.#volumes.values()])
      return [{ name, spec: template.spec, provision }]
    })
  }

  /** Binds claims of a set that has more pods now to what is left; what is bound stays. True: some have got a volume. */
  grow(key: Key): boolean {
    const set = this.#sets.get(key)
    if (!set || !this.competes(key)) return false
    const { bound, data } = this.#bound()
    const claims = this.#claimsOf(set, data).filter(({ claim }) => !bound.has(claimKey(claim)))
    const taken = new Set([...bound.values()].map(({ metadata }) => metadata.name))
    const more = this.#bind(claims, data, new Set(bound.keys()), taken)
    for (const [claim, volume] of more) bound.set(claim, volume)
    return more.size > 0
  }

  #allClasses(): readonly StorageClass[] {
    return [...this.#classes.values()]
  }

  #bound(): Bindings {
    if (this.#bindings) return this.#bindings
    const data = new ClaimData(this.#facts.volumes())
    this.#bindings = { bound: new Map(this.#volumes.size === 0 ? [] : this.#bind(this.#allClaims(data), data)), data }
    return this.#bindings
  }

  #allClaims(data: ClaimData): readonly ClaimToBind[] {
    const written = [...this.#claims.values()].map(({ claim }) => this.#toBind(claim, data))
    return [...written, ...[...this.#sets.values()].flatMap((set) => this.#claimsOf(set, data))]
  }

  #bind(
    claims: readonly ClaimToBind[],
    data: ClaimData,
    others: ReadonlySet<Key> = new Set(),
    taken: ReadonlySet<string> = new Set(),
  ): ReadonlyMap<Key, PersistentVolume> {
    const kept = data.keptFromOthers(new Set([...others, ...claims.map(({ claim }) => claimKey(claim))]))
    const free = [...this.#volumes.values()].filter(
      ({ metadata }) => !taken.has(metadata.name) && !kept.has(metadata.name),
    )
    return bindClaims(claims, free)
  }

  #toBind(claim: PersistentVolumeClaim, data: ClaimData): ClaimToBind {
    const className = classNameOf(claim.spec, this.#allClasses())
    return { claim, boundTo: data.of(claimKey(claim)), className }
  }

  /** What is written in Git has its own word. */
  #claimsOf(set: StatefulSet, data: ClaimData): readonly ClaimToBind[] {
    const { namespace = '' } = set.metadata
    return (set.spec.volumeClaimTemplates ?? [])
      .flatMap((template) => this.#namesOf(set, template, data).map((name) => claimFrom(template, namespace, name)))
      .filter((claim) => !this.#claims.has(claimKey(claim)))
      .map((claim) => this.#toBind(claim, data))
  }

  #namesOf(set: StatefulSet, template: ClaimTemplate, data: ClaimData): readonly string[] {
    const { namespace = '', name } = set.metadata
    const replicas = this.#facts.replicasOf(keyOf({ namespace, kind: 'StatefulSet', name }), set.spec.replicas)
    return claimNamesOf(set, template, replicas, data.names(namespace))
  }
}

/** Of a claim, or of a template of claims. */
function seedOf({ metadata, spec }: Pick<ClaimTemplate, 'metadata' | 'spec'>): Provision['seed'] {
  const text = metadata.annotations?.[seededFromAnnotation]
  if (text === undefined) return undefined
  return { from: seedKey(text), limitBytes: toBytes(spec.resources?.requests?.storage) }
}

import type { Key } from '../base/key.ts'
import type {
  ClaimTemplate,
  ManifestObject,
  PersistentVolume,
  PersistentVolumeClaim,
  StatefulSet,
  StorageClass,
} from '../manifests/types.ts'
import { bindClaims, claimKey } from './plan/binding.ts'
import type { Provision } from './plan/desired.ts'
import { classNameOf, provisionOf } from './plan/provision.ts'

interface WantedClaim {
  readonly app: string
  readonly claim: PersistentVolumeClaim
}

/** The claims, static volumes and classes of all applications, and how each claim is provided for. */
export class Storage {
  readonly #classes = new Map<Key, StorageClass>()
  readonly #volumes = new Map<Key, PersistentVolume>()
  readonly #claims = new Map<Key, WantedClaim>()
  readonly #boundTo: (claim: Key) => string | undefined
  /** Dropped when any of the three changes. */
  #bindings: ReadonlyMap<Key, PersistentVolume> | undefined

  /** `boundTo`: the static volume that a claim's Docker volume says it was bound to. */
  constructor(boundTo: (claim: Key) => string | undefined) {
    this.#boundTo = boundTo
  }

  put(key: Key, app: string, object: ManifestObject): void {
    if (object.kind === 'StorageClass') this.#classes.set(key, object)
    else if (object.kind === 'PersistentVolume') this.#volumes.set(key, object)
    else if (object.kind === 'PersistentVolumeClaim') this.#claims.set(key, { app, claim: object })
    else return
    this.#bindings = undefined
  }

  remove(key: Key): void {
    const removed = [this.#classes, this.#volumes, this.#claims].map((map) => map.delete(key))
    if (removed.includes(true)) this.#bindings = undefined
  }

  /** Undefined: no such claim is wanted. */
  claim(key: Key): Provision | undefined {
    const wanted = this.#claims.get(key)
    if (!wanted) return undefined
    const { namespace = '', name } = wanted.claim.metadata
    const wish = { app: wanted.app, namespace, name, spec: wanted.claim.spec }
    return provisionOf(wish, this.#allClasses(), this.#bound().get(key), [...this.#volumes.values()])
  }

  /** A claim for each pod of an object, by a template of its own; `name` holds a stand-in for the pod's. */
  ofTemplate(app: string, owner: ManifestObject, template: ClaimTemplate, name: string): Provision {
    const facts = owner.kind === 'StatefulSet' ? factsOf(owner) : {}
    const wish = { app, namespace: owner.metadata.namespace ?? '', name, spec: template.spec, facts }
    return provisionOf(wish, this.#allClasses(), undefined, [...this.#volumes.values()])
  }

  #allClasses(): readonly StorageClass[] {
    return [...this.#classes.values()]
  }

  #bound(): ReadonlyMap<Key, PersistentVolume> {
    const classes = this.#allClasses()
    this.#bindings ??= bindClaims(
      [...this.#claims.values()].map(({ claim }) => ({
        claim,
        boundTo: this.#boundTo(claimKey(claim)),
        className: classNameOf(claim.spec, classes),
      })),
      [...this.#volumes.values()],
    )
    return this.#bindings
  }
}

/** What a volume remembers of its StatefulSet, for the time when that is gone from Git. */
function factsOf({ metadata, spec }: StatefulSet): Readonly<Record<string, string>> {
  const { whenDeleted = 'Retain', whenScaled = 'Retain' } = spec.persistentVolumeClaimRetentionPolicy ?? {}
  return { statefulSet: metadata.name, whenDeleted, whenScaled }
}

import { type Key, keyParts } from '../base/key.ts'
import type { LiveVolume } from '../runtime/live.ts'
import { isClaimData } from './plan/claim.ts'

/** Which claims have data, and where. A picture of one moment. */
export class ClaimData {
  /** Namespace -> claim -> static volume that has its data; empty: the Docker volume itself has. */
  readonly #volumes = new Map<string, Map<string, string>>()

  constructor(volumes: Iterable<LiveVolume>) {
    for (const volume of volumes) {
      if (!isClaimData(volume)) continue
      const { namespace, subject, facts } = volume
      const claims = this.#volumes.get(namespace) ?? new Map<string, string>()
      this.#volumes.set(namespace, claims)
      const name = subject.slice(subject.indexOf('/') + 1)
      if (!claims.has(name)) claims.set(name, facts.pv ?? '')
    }
  }

  /** The static volume that has the claim's data; empty: a Docker volume has; undefined: it has none. */
  of(claim: Key): string | undefined {
    const { namespace, name } = keyParts(claim)
    return this.#volumes.get(namespace)?.get(name)
  }

  /** Names of the namespace's claims that have data. */
  names(namespace: string): Iterable<string> {
    return this.#volumes.get(namespace)?.keys() ?? []
  }

  /** Static volumes that have data of claims that are not among these. */
  keptFromOthers(claims: ReadonlySet<Key>): ReadonlySet<string> {
    const kept = new Set<string>()
    for (const [namespace, own] of this.#volumes) {
      for (const [name, volume] of own) {
        if (volume !== '' && !claims.has(`${namespace}/PersistentVolumeClaim/${name}`)) kept.add(volume)
      }
    }
    return kept
  }
}

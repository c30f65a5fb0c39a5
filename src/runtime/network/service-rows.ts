import { type Key, keyOf } from '../../base/key.ts'
import type { EndpointSlice, Endpoints, Service } from '../../manifests/types.ts'
import type { ServicePod } from './endpoints.ts'
import { PodsByLabel } from './pods-by-label.ts'
import { serviceRow } from './service-table.ts'
import type { Allocation, ServiceRow } from './table.ts'
import { writtenAddresses } from './written-addresses.ts'

export interface NamespaceFacts {
  readonly services: readonly Service[]
  /** Those that are as they were are the same objects. */
  readonly pods: readonly ServicePod[]
  readonly endpoints: readonly Endpoints[]
  readonly slices: readonly EndpointSlice[]
  /** Undefined: the Service has nothing yet. */
  allocation(key: Key): Allocation | undefined
}

/** What a row was made from, and the row. */
interface Entry {
  readonly service: Service
  readonly pods: readonly ServicePod[]
  readonly allocation: Allocation | undefined
  readonly row: ServiceRow | undefined
  readonly text: string
}

/**
 * The rows of one namespace. A row that did not change stays the same object, so that who brings it into effect need not look at it again;
 * and of a thousand Services only those are looked at that have to do with the pod that changed.
 */
export class ServiceRows {
  readonly #pods = new PodsByLabel()
  #entries = new Map<Key, Entry>()
  #rows: readonly ServiceRow[] = []

  get rows(): readonly ServiceRow[] {
    return this.#rows
  }

  find(key: Key): ServiceRow | undefined {
    return this.#entries.get(key)?.row
  }

  /** Answers whether a row is other than it was. */
  renew(facts: NamespaceFacts): boolean {
    this.#pods.set(facts.services.length === 0 ? [] : facts.pods)
    const before = this.#entries
    this.#entries = new Map(
      facts.services.map((service) => {
        const key = serviceKey(service)
        return [key, this.#entry(key, service, before.get(key), facts)]
      }),
    )
    const rows = [...this.#entries.values()].flatMap(({ row }) => row ?? [])
    if (rows.length === this.#rows.length && rows.every((row, index) => row === this.#rows[index])) return false
    this.#rows = rows
    return true
  }

  #entry(key: Key, service: Service, before: Entry | undefined, facts: NamespaceFacts): Entry {
    const pods = this.#pods.of(service.spec.selector ?? {})
    const allocation = facts.allocation(key)
    const isWritten = !selects(service)
    const isSame = before?.service === service && before.pods === pods && before.allocation === allocation
    if (before && isSame && !isWritten) return before
    const written = isWritten ? writtenAddresses(service.metadata.name, facts.endpoints, facts.slices) : []
    const row = serviceRow(key, service, { pods, written, allocation })
    const text = JSON.stringify(row) ?? ''
    return { service, pods, allocation, text, row: before && before.text === text ? before.row : row }
  }
}

export function serviceKey({ metadata }: Service): Key {
  return keyOf({ namespace: metadata.namespace ?? '', kind: 'Service', name: metadata.name })
}

function selects({ spec }: Service): boolean {
  return Object.keys(spec.selector ?? {}).length > 0
}

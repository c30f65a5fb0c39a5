import { type RowLines, rowLines } from './dns-zones.ts'
import type { NetworkProblem, NetworkTable, ServiceRow } from './table.ts'

/** Zone -> namespace -> lines. Zones without names are there too. What stays the same stays the same object. */
export type ZoneLines = ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>

interface Namespace {
  readonly rows: readonly ServiceRow[]
  /** Zone -> lines. */
  readonly lines: ReadonlyMap<string, readonly string[]>
}

/** All names of a table. Rows that were there before are not looked at again. */
export class DnsView {
  readonly #zone: string
  readonly #zones: readonly string[]
  readonly #rows = new WeakMap<ServiceRow, RowLines>()
  #namespaces: ReadonlyMap<string, Namespace> = new Map()

  /** `zone`: of the cluster, one of the zones. */
  constructor(zone: string, zones: readonly string[]) {
    this.#zone = zone
    this.#zones = zones
  }

  of(table: NetworkTable): { readonly lines: ZoneLines; readonly problems: readonly NetworkProblem[] } {
    const rows = Map.groupBy(table.services, ({ namespace }) => namespace)
    this.#namespaces = new Map([...rows].map(([name, own]) => [name, this.#namespace(own, this.#namespaces.get(name))]))
    return {
      lines: new Map(this.#zones.map((zone) => [zone, this.#inZone(zone)])),
      problems: table.services.flatMap((row) => this.#row(row).problems),
    }
  }

  #inZone(zone: string): ReadonlyMap<string, readonly string[]> {
    return new Map(
      [...this.#namespaces].flatMap(([name, { lines }]) => {
        const own = lines.get(zone)
        return own ? [[name, own] as const] : []
      }),
    )
  }

  #namespace(rows: readonly ServiceRow[], before: Namespace | undefined): Namespace {
    if (before?.rows.length === rows.length && rows.every((row, index) => row === before.rows[index])) return before
    const lines = new Map<string, readonly string[]>()
    for (const zone of this.#zones) {
      const own = rows.flatMap((row) => this.#row(row).lines.get(zone) ?? [])
      const last = before?.lines.get(zone)
      if (own.length > 0) lines.set(zone, last && same(own, last) ? last : own)
    }
    return { rows, lines }
  }

  #row(row: ServiceRow): RowLines {
    const known = this.#rows.get(row)
    if (known) return known
    const made = rowLines(row, this.#zone, this.#zones)
    this.#rows.set(row, made)
    return made
  }
}

function same(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((line, index) => line === other[index])
}

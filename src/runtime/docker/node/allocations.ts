import type { Key } from '../../../base/key.ts'
import type { Allocation } from '../../network/table.ts'
import type { Allocations } from './contract.ts'

/** Sorted, so that equal ones are equal texts. */
export function allocationsText(allocations: Allocations): string {
  const sorted = [...allocations].sort(([a], [b]) => (a < b ? -1 : 1))
  return `${JSON.stringify(Object.fromEntries(sorted), undefined, 1)}\n`
}

/** Empty text: none. Throws when it is something else: addresses that are in use must not be given away again. */
export function parseAllocations(text: string): Allocations {
  const parsed: unknown = text.trim() === '' ? {} : JSON.parse(text)
  if (!isRecord(parsed)) throw new TypeError(`expected an object, got ${typeof parsed}`)
  return new Map(Object.entries(parsed).map(([key, value]) => [key as Key, allocationOf(key, value)]))
}

function allocationOf(key: string, value: unknown): Allocation {
  if (!isRecord(value)) throw new TypeError(`${key}: expected an object, got ${typeof value}`)
  const { clusterIP, nodePorts } = value
  if (typeof clusterIP !== 'string') throw new TypeError(`${key}: expected an address, got ${typeof clusterIP}`)
  const ports = isRecord(nodePorts) ? Object.entries(nodePorts) : []
  return { clusterIP, nodePorts: Object.fromEntries(ports.map(([port, number]) => [port, Number(number)])) }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

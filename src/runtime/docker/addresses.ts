// The address plan: podCIDR is cut into one block per host, a host's block into one per namespace. Pure.
import { sha256 } from '../../base/hash.ts'

const hostPrefix = 20
const namespacePrefix = 26
/** Per host; the first is the host's own. */
const blocksPerHost = 2 ** (namespacePrefix - hostPrefix)

/** Addresses for pods in one namespace block: without network, gateway and broadcast address. */
export const podsPerBlock = 2 ** (32 - namespacePrefix) - 3

/** An IPv4 range: `base` is its first address as a number. */
export interface Range {
  readonly base: number
  readonly prefix: number
}

/** `10.244.0.0/14`; undefined when it is not an IPv4 range, or has bits set beyond its prefix. */
export function parseRange(text: string): Range | undefined {
  const [, address = '', length = ''] = /^(\d{1,3}(?:\.\d{1,3}){3})\/(\d{1,2})$/.exec(text) ?? []
  const parts = address.split('.').map(Number)
  const prefix = Number(length)
  if (address === '' || prefix > 32 || parts.some((part) => part > 255)) return undefined
  const base = parts.reduce((sum, part) => sum * 256 + part, 0)
  return base % size(prefix) === 0 ? { base, prefix } : undefined
}

export function rangeText(range: Range): string {
  return `${addressText(range.base)}/${range.prefix}`
}

export function addressText(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.')
}

/** As the kernel shows it in /proc/net/tcp, on the usual machines: `0100007F` for 127.0.0.1. */
export function addressHex(address: string): string {
  const bytes = address.split('.').map((part) => Number(part).toString(16).padStart(2, '0'))
  return bytes.reverse().join('').toUpperCase()
}

export function overlap(a: Range, b: Range): boolean {
  return a.base < b.base + size(b.prefix) && b.base < a.base + size(a.prefix)
}

/** How many hosts a podCIDR has room for: 64 in a /14. */
export function hostBlockCount(podRange: Range): number {
  return podRange.prefix > hostPrefix ? 0 : 2 ** (hostPrefix - podRange.prefix)
}

export function hostBlock(podRange: Range, index: number): Range {
  return { base: podRange.base + index * size(hostPrefix), prefix: hostPrefix }
}

/** The blocks to try for a namespace, in order: one given by its name, then the next ones around. */
export function namespaceBlocks(host: Range, namespace: string): Range[] {
  const usable = blocksPerHost - 1
  const first = Number.parseInt(sha256(namespace).slice(0, 8), 16) % usable
  return Array.from({ length: usable }, (_, step) => ({
    base: host.base + (1 + ((first + step) % usable)) * size(namespacePrefix),
    prefix: namespacePrefix,
  }))
}

export function gateway(block: Range): string {
  return addressText(block.base + 1)
}

/** Rules match the bridges of pods by it. */
export const bridgePrefix = 'bt'

/** `bt0af41040` for 10.244.16.64. */
export function bridgeName(block: Range): string {
  return `${bridgePrefix}${block.base.toString(16).padStart(8, '0')}`
}

function size(prefix: number): number {
  return 2 ** (32 - prefix)
}

import { readFile } from 'node:fs/promises'
import type { Range } from './addresses.ts'

export interface Route {
  readonly range: Range
  readonly device: string
}

/** This machine's routes, except the default route; none where they cannot be read. */
export async function routes(): Promise<Route[]> {
  return parseRoutes(await readFile('/proc/net/route', 'utf8').catch(() => ''))
}

/** Of the device of the default route, bytes; 1500 where it cannot be told. */
export async function uplinkMtu(): Promise<number> {
  const device = defaultDevice(await readFile('/proc/net/route', 'utf8').catch(() => ''))
  const text = await readFile(`/sys/class/net/${device}/mtu`, 'utf8').catch(() => '')
  return Number.parseInt(text, 10) || 1500
}

/** Lines of /proc/net/route: device, destination, …, mask in the eighth column; numbers are hex with the lowest byte first. */
export function parseRoutes(table: string): Route[] {
  return table
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((columns) => columns.length >= 8)
    .map(([device = '', destination = '', ...rest]) => {
      const mask = swapped(rest[5] ?? '')
      return { device, range: { base: swapped(destination), prefix: mask.toString(2).replaceAll('0', '').length } }
    })
    .filter((route) => route.range.prefix > 0)
}

/** The device of the default route; undefined: there is none. */
export function defaultDevice(table: string): string | undefined {
  const lines = table.split('\n').map((line) => line.trim().split(/\s+/))
  return lines.find(([, destination, , , , , , mask]) => destination === '00000000' && mask === '00000000')?.[0]
}

function swapped(hex: string): number {
  return Number.parseInt(hex.match(/../g)?.reverse().join('') ?? '0', 16)
}

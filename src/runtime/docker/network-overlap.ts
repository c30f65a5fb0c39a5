// What of a host stands in the way of our address ranges. Docker compares subnets with its own networks only, and then steals the route
// of whatever else uses them. Pure.
import type { NetworkInspectInfo } from 'dockerode'
import { parseNetworkMark } from '../labels.ts'
import { bridgePrefix, overlap, parseRange, type Range, rangeText } from './addresses.ts'
import type { Route } from './routes.ts'

export interface AddressFacts {
  /** Networks that are not of this installation. */
  readonly others: readonly NetworkInspectInfo[]
  readonly addressPools: readonly string[]
  readonly routes: readonly Route[]
  /** Other installations with a node container here, and their ranges for Services. */
  readonly neighbours: readonly { readonly engine: string; readonly serviceCIDR: string }[]
}

/** A refusal that names both sides; undefined: nothing is in the way. `services` undefined: no range is served on this host. */
export function overlapOf(pods: Range, services: Range | undefined, facts: AddressFacts): string | undefined {
  // Blocks of other installations are gone round one by one.
  const networks = facts.others.filter((network) => !parseNetworkMark(network.Labels ?? {}))
  const routes = facts.routes.filter(({ device }) => !device.startsWith(bridgePrefix))
  const podsIn = holder(pods, { ...facts, others: networks, routes })
  if (podsIn !== undefined) return `podCIDR ${rangeText(pods)} overlaps ${podsIn}: set another network.podCIDR`
  if (services === undefined) return undefined
  const servicesIn =
    (overlap(pods, services) ? `podCIDR ${rangeText(pods)}` : undefined) ??
    neighbourIn(services, facts.neighbours) ??
    holder(services, facts)
  return servicesIn && otherServices(services, servicesIn)
}

/** A refusal of a range for Services that other installations on the host use; undefined: none does. Two would answer for each other. */
export function neighbourOverlap(services: Range, neighbours: AddressFacts['neighbours']): string | undefined {
  const found = neighbourIn(services, neighbours)
  return found && otherServices(services, found)
}

function otherServices(services: Range, holder: string): string {
  return `serviceCIDR ${rangeText(services)} overlaps ${holder}: set another network.serviceCIDR`
}

function neighbourIn(services: Range, neighbours: AddressFacts['neighbours']): string | undefined {
  const found = neighbours.find(({ serviceCIDR }) => {
    const theirs = parseRange(serviceCIDR)
    return theirs !== undefined && overlap(theirs, services)
  })
  return found && `serviceCIDR ${found.serviceCIDR} of the installation ${found.engine} on the same host`
}

function holder(range: Range, { others, addressPools, routes }: AddressFacts): string | undefined {
  for (const network of others) {
    const clash = subnets(network).find((subnet) => overlap(subnet, range))
    if (clash) return `network ${network.Name} (${rangeText(clash)})`
  }
  for (const pool of addressPools) {
    const found = parseRange(pool)
    if (found && overlap(found, range)) return `the engine's default address pool ${pool}`
  }
  const route = routes.find((found) => overlap(found.range, range))
  return route && `the route to ${rangeText(route.range)} over ${route.device}`
}

export function subnets(network: NetworkInspectInfo): Range[] {
  return (network.IPAM?.Config ?? []).flatMap(({ Subnet = '' }) => parseRange(Subnet) ?? [])
}

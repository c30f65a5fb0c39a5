import { lookup } from 'node:dns/promises'
import { readFile } from 'node:fs/promises'
import { isIPv4 } from 'node:net'
import { networkInterfaces } from 'node:os'
import type { LiveHost } from '../live.ts'
import type { Endpoint } from './endpoint.ts'
import type { HostInfo } from './host-api.ts'
import { defaultDevice } from './routes.ts'

/** What the configuration says of a host. */
export interface HostMarks {
  readonly labels?: LiveHost['labels']
  readonly taints?: LiveHost['taints']
}

export function hostLabels(name: string, info: Pick<HostInfo, 'arch' | 'os'>, given: LiveHost['labels'] = {}) {
  return {
    'kubernetes.io/hostname': name,
    'kubernetes.io/os': info.os,
    'kubernetes.io/arch': info.arch,
    ...given,
  }
}

/** The address that pods with `hostNetwork` have: this machine's, for an engine on it; empty when it is not known. */
export async function hostAddress(endpoint: Endpoint): Promise<string> {
  if ('socketPath' in endpoint) return mainAddress(await readFile('/proc/net/route', 'utf8').catch(() => ''))
  if (isIPv4(endpoint.host)) return endpoint.host
  const found = await lookup(endpoint.host, { family: 4 }).catch(() => undefined)
  return found?.address ?? ''
}

/** The IPv4 address on the device of the default route; without one, the first that others could reach, else that of the machine for itself. */
export function mainAddress(routes: string, interfaces = networkInterfaces()): string {
  const device = defaultDevice(routes)
  const outside = Object.entries(interfaces).flatMap(([name, addresses = []]) =>
    addresses
      .filter(({ family, internal }) => family === 'IPv4' && !internal)
      .map(({ address }) => ({ name, address })),
  )
  return (outside.find(({ name }) => name === device) ?? outside[0])?.address ?? '127.0.0.1'
}

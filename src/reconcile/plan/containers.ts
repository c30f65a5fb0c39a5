import { shortHash } from '../../base/hash.ts'
import type { ContainerConfig, LiveHost } from '../../runtime/live.ts'
import type { PodRef } from '../../runtime/port.ts'
import type { Template } from './desired.ts'

/** Stand-ins for facts that are known once a pod has its name and host. NUL cannot occur in manifest text. */
export const standIns = {
  name: '\u0000metadata.name\u0000',
  uid: '\u0000metadata.uid\u0000',
  host: '\u0000spec.nodeName\u0000',
  hostAddress: '\u0000status.hostIP\u0000',
} as const

/** What differs between the pods of one template. */
export interface PodFacts extends PodRef {
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
}

/** Stands for a label or annotation that the template does not have, but the pod may: its index, its job. */
export function metadataStandIn(field: 'labels' | 'annotations', key: string): string {
  return `\u0000${field}\u0000${key}\u0000`
}

type HostSize = Pick<LiveHost, 'cpuMillis' | 'memoryBytes' | 'address'>

const unknownHost: HostSize = { cpuMillis: 0, memoryBytes: 0, address: '' }

/** Stands for all of a host's cpu (cores) or memory (bytes), in units of so many billionths, rounded up. */
export function hostAmount(resource: 'cpu' | 'memory', unitNano: bigint): string {
  return `\u0000allocatable\u0000${resource}\u0000${unitNano}\u0000`
}

/** The containers of one pod of the template; its name, host, labels and annotations filled in. */
export function containersFor(template: Template, pod: PodFacts, host?: HostSize): readonly ContainerConfig[] {
  const fill = (text: string): string => filled(text, pod, host)
  return template.containers.map((config) => ({
    ...config,
    command: config.command?.map(fill),
    args: config.args?.map(fill),
    env: config.env.map((entry) => ({ ...entry, value: fill(entry.value) })),
    mounts: config.mounts.map((mount) => ({ ...mount, subPath: fill(mount.subPath) })),
  }))
}

/** A text of the template as it is in one pod. */
export function filled(text: string, pod: PodFacts, host: HostSize = unknownHost): string {
  if (!text.includes('\u0000')) return text
  return text
    .replaceAll(standIns.name, pod.name)
    .replaceAll(standIns.host, pod.host)
    .replaceAll(standIns.hostAddress, host.address)
    .replaceAll(amountText, (_text, resource: string, unit: string) => amountOf(host, resource, BigInt(unit)))
    .replaceAll(standIns.uid, () => podUid(pod))
    .replaceAll(metadataText, (_text, field: 'labels' | 'annotations', key: string) => pod[field]?.[key] ?? '')
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what tells stand-ins from text
const metadataText = /\u0000(labels|annotations)\u0000([^\u0000]*)\u0000/g
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what tells stand-ins from text
const amountText = /\u0000allocatable\u0000(cpu|memory)\u0000(\d+)\u0000/g

function amountOf(host: HostSize, resource: string, unit: bigint): string {
  const nano =
    resource === 'cpu' ? BigInt(Math.round(host.cpuMillis)) * 10n ** 6n : BigInt(host.memoryBytes) * 10n ** 9n
  return String((nano + unit - 1n) / unit)
}

/** In the form of a UUID; computed from the pod's name, so that it is the same on every look. */
function podUid(pod: PodRef): string {
  const hex = Array.from(shortHash([pod.namespace, pod.name], 32), (letter) => (letter.charCodeAt(0) % 16).toString(16))
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)]
    .map((part) => part.join(''))
    .join('-')
}

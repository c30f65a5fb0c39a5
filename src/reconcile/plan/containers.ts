import { shortHash } from '../../base/hash.ts'
import type { ContainerConfig } from '../../runtime/live.ts'
import type { PodRef } from '../../runtime/port.ts'
import type { Template } from './desired.ts'

/** Stand-ins for facts that are known once a pod has its name and host. NUL cannot occur in manifest text. */
export const standIns = {
  name: '\u0000metadata.name\u0000',
  uid: '\u0000metadata.uid\u0000',
  host: '\u0000spec.nodeName\u0000',
} as const

/** The containers of one pod of the template, its name and host filled in. */
export function containersFor(template: Template, pod: PodRef): readonly ContainerConfig[] {
  return template.containers.map((config) => ({
    ...config,
    command: config.command?.map((text) => filled(text, pod)),
    args: config.args?.map((text) => filled(text, pod)),
    env: config.env.map((entry) => ({ ...entry, value: filled(entry.value, pod) })),
  }))
}

function filled(text: string, pod: PodRef): string {
  if (!text.includes('\u0000')) return text
  return text
    .replaceAll(standIns.name, pod.name)
    .replaceAll(standIns.host, pod.host)
    .replaceAll(standIns.uid, () => podUid(pod))
}

/** In the form of a UUID; computed from the pod's name, so that it is the same on every look. */
function podUid(pod: PodRef): string {
  const hex = Array.from(shortHash([pod.namespace, pod.name], 32), (letter) => (letter.charCodeAt(0) % 16).toString(16))
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)]
    .map((part) => part.join(''))
    .join('-')
}

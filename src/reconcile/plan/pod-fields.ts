import { parseQuantity } from '../../manifests/quantity.ts'
import type { Container, PodSpec, ResourceFieldSelector } from '../../manifests/types.ts'
import { podAddress } from '../../runtime/pod-address.ts'
import { hostAmount, metadataStandIn, standIns } from './containers.ts'

/** What a pod of the template can be told about itself. */
export interface TemplateFacts {
  readonly namespace: string
  /** `Kind/name` */
  readonly owner: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly spec: PodSpec
}

/** The text of a field of the pod, with stand-ins for what is not known before it is made; undefined: no field that Berth knows. */
export function fieldText(path: string, facts: TemplateFacts): string | undefined {
  const keyed = /^metadata\.(labels|annotations)\['(.*)'\]$/.exec(path)
  const [, field, key = ''] = keyed ?? []
  if (field === 'labels' || field === 'annotations') return facts[field][key] ?? metadataStandIn(field, key)
  switch (path) {
    case 'metadata.name':
      return standIns.name
    case 'metadata.namespace':
      return facts.namespace
    case 'metadata.uid':
      return standIns.uid
    case 'metadata.labels':
      return lines(labelsOf(facts))
    case 'metadata.annotations':
      return lines(facts.annotations)
    case 'spec.nodeName':
      return standIns.host
    case 'spec.serviceAccountName':
      return facts.spec.serviceAccountName ?? facts.spec.serviceAccount ?? 'default'
    case 'status.hostIP':
    case 'status.hostIPs':
      return standIns.hostAddress
    case 'status.podIP':
    case 'status.podIPs':
      return podAddress
    default:
      return undefined
  }
}

/** Pods of some kinds have labels of their own besides those of the template. */
function labelsOf({ labels, owner }: TemplateFacts): Readonly<Record<string, string>> {
  const own = ownLabels[owner.slice(0, owner.indexOf('/'))] ?? []
  return { ...Object.fromEntries(own.map((key) => [key, metadataStandIn('labels', key)])), ...labels }
}

const ownLabels: Readonly<Record<string, readonly string[]>> = {
  Deployment: ['pod-template-hash'],
  StatefulSet: ['apps.kubernetes.io/pod-index', 'statefulset.kubernetes.io/pod-name'],
  Job: ['batch.kubernetes.io/job-name', 'job-name'],
  CronJob: ['batch.kubernetes.io/job-name', 'job-name'],
}

/** One `key="value"` a line, sorted. */
function lines(map: Readonly<Record<string, string>>): string {
  return Object.entries(map)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${value.startsWith('\u0000') ? `"${value}"` : quoted(value)}`)
    .join('\n')
}

const escapes: Readonly<Record<string, string>> = {
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
  '"': '\\"',
}

/** As Go quotes text: what cannot be seen is escaped. */
function quoted(text: string): string {
  const shown = Array.from(text, (letter) => {
    if (/[\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.test(letter)) return escapes[letter] ?? letter
    return escapes[letter] ?? codeOf(letter.codePointAt(0) ?? 0)
  })
  return `"${shown.join('')}"`
}

function codeOf(code: number): string {
  const hex = (digits: number): string => code.toString(16).padStart(digits, '0')
  if (code < 0x80) return `\\x${hex(2)}`
  return code < 0x10000 ? `\\u${hex(4)}` : `\\U${hex(8)}`
}

/**
 * A request or limit of one of the pod's containers, in units of the divisor, rounded up. A limit that is not set is all that the host
 * has, a request that is not set is nothing. Undefined: no such container or resource.
 */
export function resourceText(
  { resource, containerName, divisor }: ResourceFieldSelector,
  own: Container | undefined,
  { spec }: TemplateFacts,
): string | undefined {
  const all = [...(spec.initContainers ?? []), ...spec.containers]
  const container = containerName ? all.find(({ name }) => name === containerName) : own
  const [list = '', name = ''] = [resource.slice(0, resource.indexOf('.')), resource.slice(resource.indexOf('.') + 1)]
  if (!container || (list !== 'limits' && list !== 'requests')) return undefined
  const { limits, requests } = container.resources
  const text = list === 'limits' ? limits?.[name] : (requests?.[name] ?? limits?.[name])
  const unit = unitOf(divisor)
  if (text === undefined && list === 'limits' && (name === 'cpu' || name === 'memory')) return hostAmount(name, unit)
  const amount = text === undefined ? 0n : parseQuantity(text)?.nano
  return amount === undefined ? undefined : String((amount + unit - 1n) / unit)
}

function unitOf(divisor: string | undefined): bigint {
  const nano = parseQuantity(divisor ?? '1')?.nano ?? 0n
  return nano > 0n ? nano : 10n ** 9n
}

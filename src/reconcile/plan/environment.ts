import { expand } from '../../manifests/expand.ts'
import { parseQuantity, type Quantity } from '../../manifests/quantity.ts'
import type {
  ConfigMap,
  Container,
  EnvFromSource,
  EnvVar,
  EnvVarSource,
  PodSpec,
  Secret,
} from '../../manifests/types.ts'
import type { EnvValue } from '../../runtime/live.ts'
import { podAddress } from '../../runtime/pod-address.ts'
import { metadataStandIn, standIns } from './containers.ts'

/** What references in a pod template may point to. */
export interface Lookup {
  readonly namespace: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly spec: PodSpec
  readonly lookup: (kind: 'ConfigMap' | 'Secret', name: string) => ConfigMap | Secret | undefined
}

export interface Environment {
  readonly env: readonly EnvValue[]
  /** What required references do not find. */
  readonly missing: readonly string[]
}

/** One value, or what its reference does not find; undefined as a whole: optional and not there. */
type Found = { readonly value: string; readonly secret: boolean } | { readonly missing: string } | undefined

/**
 * A container's variables as the kubelet makes them: `envFrom` in order, then `env`, a later one of the same name wins. `$(VAR)` in
 * values sees what came before it.
 */
export function environmentOf(container: Container, facts: Lookup): Environment {
  const values = new Map<string, EnvValue>()
  const missing: string[] = []
  for (const source of container.envFrom ?? []) {
    const found = allOf(source, facts)
    if ('missing' in found) missing.push(found.missing)
    else for (const entry of found.entries) values.set(entry.name, entry)
  }
  for (const variable of container.env ?? []) {
    const found = variableValue(variable, container, facts, values)
    if (!found) continue
    if ('missing' in found) missing.push(found.missing)
    else values.set(variable.name, { name: variable.name, ...found })
  }
  return { env: [...values.values()], missing }
}

/** Command or args with their variables filled in. */
export function expanded(
  texts: readonly string[] | undefined,
  variables: ReadonlyMap<string, string>,
): string[] | undefined {
  return texts?.map((text) => expand(text, variables))
}

function allOf(
  source: EnvFromSource,
  facts: Lookup,
): { readonly entries: readonly EnvValue[] } | { readonly missing: string } {
  const kind = source.secretRef ? 'Secret' : 'ConfigMap'
  const reference = source.secretRef ?? source.configMapRef
  const name = reference?.name ?? ''
  const data = dataOf(kind, name, facts)
  if (!data) return reference?.optional ? { entries: [] } : { missing: `${kind} ${facts.namespace}/${name}` }
  const entries = [...data]
    .map(([key, value]) => ({ name: `${source.prefix ?? ''}${key}`, value, secret: kind === 'Secret' }))
    .filter((entry) => /^[\x20-\x3c\x3e-\x7e]+$/.test(entry.name))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
  return { entries }
}

function variableValue(
  variable: EnvVar,
  container: Container,
  facts: Lookup,
  before: ReadonlyMap<string, EnvValue>,
): Found {
  if (variable.valueFrom) return referenced(variable.valueFrom, container, facts)
  const text = variable.value ?? ''
  const plain = new Map([...before].map(([name, entry]) => [name, entry.value]))
  const value = expand(text, plain)
  const secret =
    value !== text && [...before.values()].some((entry) => entry.secret && text.includes(`$(${entry.name})`))
  return { value, secret }
}

function referenced(source: EnvVarSource, container: Container, facts: Lookup): Found {
  if (source.configMapKeyRef) return keyOf('ConfigMap', source.configMapKeyRef, facts)
  if (source.secretKeyRef) return keyOf('Secret', source.secretKeyRef, facts)
  if (source.fieldRef) return fieldOf(source.fieldRef.fieldPath, facts)
  if (source.resourceFieldRef) return resourceOf(source.resourceFieldRef, container, facts)
  return { missing: 'a source of an environment variable that Berth knows' }
}

function keyOf(
  kind: 'ConfigMap' | 'Secret',
  reference: { readonly name?: string; readonly key: string; readonly optional?: boolean },
  facts: Lookup,
): Found {
  const name = reference.name ?? ''
  const data = dataOf(kind, name, facts)
  const value = data?.get(reference.key)
  if (value !== undefined) return { value, secret: kind === 'Secret' }
  if (reference.optional) return undefined
  const object = `${kind} ${facts.namespace}/${name}`
  return { missing: data ? `key "${reference.key}" of ${object}` : object }
}

function dataOf(kind: 'ConfigMap' | 'Secret', name: string, facts: Lookup): ReadonlyMap<string, string> | undefined {
  const object = facts.lookup(kind, name)
  if (!object) return undefined
  if (object.kind === 'ConfigMap') return new Map(Object.entries(object.data ?? {}))
  const decoded = Object.entries(object.data ?? {}).map(([key, text]): [string, string] => [key, decodeBase64(text)])
  return new Map([...decoded, ...Object.entries(object.stringData ?? {})])
}

function decodeBase64(text: string): string {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
  return new TextDecoder().decode(bytes)
}

function fieldOf(path: string, facts: Lookup): Found {
  const plain = (value: string): Found => ({ value, secret: false })
  const keyed = /^metadata\.(labels|annotations)\['(.*)'\]$/.exec(path)
  if (keyed) {
    const [, , key = ''] = keyed
    const field = keyed[1] === 'labels' ? 'labels' : 'annotations'
    return plain(facts[field][key] ?? metadataStandIn(field, key))
  }
  switch (path) {
    case 'metadata.name':
      return plain(standIns.name)
    case 'metadata.namespace':
      return plain(facts.namespace)
    case 'metadata.uid':
      return plain(standIns.uid)
    case 'spec.nodeName':
      return plain(standIns.host)
    case 'spec.serviceAccountName':
      return plain(facts.spec.serviceAccountName ?? 'default')
    case 'status.podIP':
    case 'status.podIPs':
      return plain(podAddress)
    default:
      return { missing: `field ${path} of the pod` }
  }
}

/** A request or limit of a container of the pod, in units of the divisor, rounded up. */
function resourceOf(
  reference: NonNullable<EnvVarSource['resourceFieldRef']>,
  container: Container,
  facts: Lookup,
): Found {
  const owner = reference.containerName
    ? facts.spec.containers.find((candidate) => candidate.name === reference.containerName)
    : container
  const [list, name = ''] = reference.resource.split('.')
  const { limits, requests } = owner?.resources ?? {}
  const text = list === 'limits' ? limits?.[name] : (requests?.[name] ?? limits?.[name])
  const amount = text === undefined ? undefined : parseQuantity(text)
  if (!amount) return { missing: `${reference.resource} of container ${owner?.name ?? reference.containerName}` }
  const divisor = parseQuantity(reference.divisor ?? '1')
  const unit = divisor && divisor.nano > 0n ? divisor.nano : one.nano
  return { value: String((amount.nano + unit - 1n) / unit), secret: false }
}

const one: Quantity = { nano: 10n ** 9n, format: 'DecimalSI', letter: '' }

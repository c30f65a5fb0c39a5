import { expand, mostText } from '../../manifests/expand.ts'
import type { Container, EnvFromSource, EnvVar, EnvVarSource } from '../../manifests/types.ts'
import type { EnvValue } from '../../runtime/live.ts'
import { type ConfigKind, type FindConfig, objectText, textsOf } from './config-data.ts'
import { standIns } from './containers.ts'
import { fieldText, resourceText, type TemplateFacts } from './pod-fields.ts'

/** What references in a pod template may point to. */
export interface Lookup extends TemplateFacts {
  readonly lookup: FindConfig
}

export interface Environment {
  readonly env: readonly EnvValue[]
  /** Names of variables whose values come from ConfigMaps or Secrets, by way of other variables too. */
  readonly fromConfig: ReadonlySet<string>
  /** Names of variables that tell of the host. */
  readonly fromHost: ReadonlySet<string>
  /** What required references do not find. */
  readonly missing: readonly string[]
  /** They are more than a process can have: there are none here. */
  readonly isTooLong: boolean
}

/** Where a value comes from. */
interface Origin {
  readonly secret: boolean
  readonly config: boolean
  readonly host: boolean
}

interface Value extends Origin {
  readonly name: string
  readonly value: string
}

/** One value, or what its reference does not find; undefined as a whole: optional and not there. */
type Found = Omit<Value, 'name'> | { readonly missing: string } | undefined

const plain: Origin = { secret: false, config: false, host: false }

/**
 * A container's variables as the kubelet makes them: `envFrom` in order, then `env`, a later one of the same name wins. `$(VAR)` in
 * values sees what came before it.
 */
export function environmentOf(container: Container, facts: Lookup): Environment {
  const values = new Map<string, Value>()
  const missing: string[] = []
  let length = 0
  const put = (entry: Value): void => {
    values.set(entry.name, entry)
    length += entry.name.length + entry.value.length
  }
  for (const source of container.envFrom ?? []) {
    if (length > mostText) break
    const found = allOf(source, facts)
    if ('missing' in found) missing.push(found.missing)
    else for (const entry of found.entries) put(entry)
  }
  for (const variable of container.env ?? []) {
    if (length > mostText) break
    const found = variableValue(variable, container, facts, values)
    if (!found) continue
    if ('missing' in found) missing.push(found.missing)
    else put({ name: variable.name, ...found })
  }
  const isTooLong = length > mostText
  const all = isTooLong ? [] : [...values.values()]
  const names = (origin: 'config' | 'host') => new Set(all.filter((entry) => entry[origin]).map(({ name }) => name))
  return {
    env: all.map(({ name, value, secret }) => ({ name, value, secret })),
    fromConfig: names('config'),
    fromHost: names('host'),
    missing,
    isTooLong,
  }
}

/** Command or args with their variables filled in; undefined: they are more than a process can have. */
export function expanded(texts: readonly string[], variables: ReadonlyMap<string, string>): string[] | undefined {
  const words: string[] = []
  let length = 0
  for (const text of texts) {
    const word = expand(text, variables)
    words.push(word)
    length += word.length
    if (length > mostText) return undefined
  }
  return words
}

function allOf(
  source: EnvFromSource,
  facts: Lookup,
): { readonly entries: readonly Value[] } | { readonly missing: string } {
  const kind: ConfigKind = source.secretRef ? 'Secret' : 'ConfigMap'
  const reference = source.secretRef ?? source.configMapRef
  const name = reference?.name ?? ''
  const object = facts.lookup(kind, name)
  if (!object) return reference?.optional ? { entries: [] } : { missing: objectText(kind, facts.namespace, name) }
  const origin = configOrigin(kind)
  const entries = [...textsOf(object)]
    .map(([key, value]) => ({ name: `${source.prefix ?? ''}${key}`, value, ...origin }))
    .filter((entry) => /^[\x20-\x3c\x3e-\x7e]+$/.test(entry.name))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
  return { entries }
}

function configOrigin(kind: ConfigKind): Origin {
  return { secret: kind === 'Secret', config: true, host: false }
}

function variableValue(
  variable: EnvVar,
  container: Container,
  facts: Lookup,
  before: ReadonlyMap<string, Value>,
): Found {
  if (variable.valueFrom) return referenced(variable.valueFrom, container, facts)
  const flowing = new Set<Value>()
  const value = expand(variable.value ?? '', {
    get: (name) => {
      const entry = before.get(name)
      if (entry) flowing.add(entry)
      return entry?.value
    },
  })
  return origin(value, [...flowing])
}

/** Of a value that others have flown into. */
function origin(value: string, flowing: readonly Value[]): Omit<Value, 'name'> {
  return {
    value,
    secret: flowing.some(({ secret }) => secret),
    config: flowing.some(({ config }) => config),
    host: flowing.some(({ host }) => host),
  }
}

function referenced(source: EnvVarSource, container: Container, facts: Lookup): Found {
  if (source.configMapKeyRef) return keyOf('ConfigMap', source.configMapKeyRef, facts)
  if (source.secretKeyRef) return keyOf('Secret', source.secretKeyRef, facts)
  if (source.fieldRef) {
    const { fieldPath } = source.fieldRef
    return fact(fieldText(fieldPath, facts), `field ${fieldPath} of the pod`)
  }
  if (source.resourceFieldRef) {
    const { resource, containerName = container.name } = source.resourceFieldRef
    const text = resourceText(source.resourceFieldRef, container, facts)
    return fact(text, `${resource} of container ${containerName}`)
  }
  return { missing: 'a source of an environment variable that Berth knows' }
}

function fact(value: string | undefined, what: string): Found {
  if (value === undefined) return { missing: what }
  return { ...plain, value, host: value === standIns.hostAddress || value.startsWith('\u0000allocatable') }
}

function keyOf(
  kind: ConfigKind,
  reference: { readonly name?: string; readonly key: string; readonly optional?: boolean },
  facts: Lookup,
): Found {
  const name = reference.name ?? ''
  const found = facts.lookup(kind, name)
  const value = found && textsOf(found).get(reference.key)
  if (value !== undefined) return { value, ...configOrigin(kind) }
  if (reference.optional) return undefined
  const object = objectText(kind, facts.namespace, name)
  return { missing: found ? `key "${reference.key}" of ${object}` : object }
}

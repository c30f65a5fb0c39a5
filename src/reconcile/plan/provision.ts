import type { PersistentVolume, PersistentVolumeClaimSpec, StorageClass } from '../../manifests/types.ts'
import type { VolumeSpec } from '../../runtime/port.ts'
import type { Provision } from './desired.ts'

/** A claim to be provided for; `name` may hold a stand-in for a pod's name. */
export interface ClaimWish {
  readonly app: string
  readonly namespace: string
  readonly name: string
  readonly spec: PersistentVolumeClaimSpec
  /** Written into the volume's labels beside its own facts: the StatefulSet and what it wants done with its claims. */
  readonly facts?: Readonly<Record<string, string>>
  /** The static volume that has its data; empty: a Docker volume has; undefined: there is none yet. */
  readonly boundTo?: string | undefined
  /** See Provision. */
  readonly seed?: Provision['seed']
}

const defaultAnnotations = [
  'storageclass.kubernetes.io/is-default-class',
  'storageclass.beta.kubernetes.io/is-default-class',
]

/** What is there without a StorageClass in any repository: a Docker volume on the host of the first pod; never deleted by itself. */
export const localClass: StorageClass = {
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: { name: 'local' },
  provisioner: 'berth.dev/local',
  reclaimPolicy: 'Retain',
  volumeBindingMode: 'WaitForFirstConsumer',
}

/** The class for claims that name none: the one marked as default, the newest name if several are, else `local`. */
export function defaultClass(classes: readonly StorageClass[]): StorageClass {
  const marked = classes.filter(({ metadata }) =>
    defaultAnnotations.some((annotation) => metadata.annotations?.[annotation] === 'true'),
  )
  return (
    marked.sort((a, b) => (a.metadata.name < b.metadata.name ? 1 : -1))[0] ?? classOf('local', classes) ?? localClass
  )
}

/** The class of a claim: its own or the default one; empty when it asks for none (`storageClassName: ""`). */
export function classNameOf(spec: PersistentVolumeClaimSpec, classes: readonly StorageClass[]): string {
  return spec.storageClassName ?? defaultClass(classes).metadata.name
}

function classOf(name: string, classes: readonly StorageClass[]): StorageClass | undefined {
  return classes.find(({ metadata }) => metadata.name === name)
}

/**
 * How a claim gets its storage: the static volume that it is bound to, else what its class provides. A class that no repository
 * describes is taken for `local`, with a condition: clusters bring such classes along, Docker hosts do not.
 */
export function provisionOf(
  wish: ClaimWish,
  classes: readonly StorageClass[],
  bound: PersistentVolume | undefined,
  volumes: readonly PersistentVolume[],
): Provision {
  if (bound) return staticProvision(wish, bound)
  if (wish.boundTo)
    return refused(
      wish,
      `persistentvolume "${wish.boundTo}", which has its data, is in no repository or serves another claim`,
    )
  const provision = unboundProvision(wish, classes, volumes)
  return wish.boundTo === '' ? { ...provision, problem: '' } : provision
}

function unboundProvision(
  wish: ClaimWish,
  classes: readonly StorageClass[],
  volumes: readonly PersistentVolume[],
): Provision {
  const name = classNameOf(wish.spec, classes)
  const found = classOf(name, classes)
  if (wish.spec.volumeName) return refused(wish, `persistentvolume "${wish.spec.volumeName}" not found or does not fit`)
  if (name === '') return refused(wish, 'no persistent volume fits, and the claim asks for no storage class')
  const isStatic =
    found?.provisioner === 'kubernetes.io/no-provisioner' ||
    (!found && volumes.some(({ spec }) => spec.storageClassName === name))
  if (isStatic) return refused(wish, `no persistent volume of class "${name}" fits`)
  return dynamicProvision(wish, found ?? (name === 'local' ? localClass : undefined), name)
}

function dynamicProvision(wish: ClaimWish, found: StorageClass | undefined, className: string): Provision {
  const storage = found ?? localClass
  const plugin = /^berth\.dev\/(.+)$/.exec(storage.provisioner)?.[1]
  const { driver = plugin ?? 'local', ...parameters } = plugin ? (storage.parameters ?? {}) : {}
  const options = Object.fromEntries(Object.entries(parameters).map(([key, value]) => [key, filled(value, wish)]))
  const conditions = [
    ...(found ? [] : [`class "${className}" is in no repository: a local Docker volume is used`]),
    ...(found && !plugin
      ? [`provisioner ${found.provisioner} does not exist here: a local Docker volume is used`]
      : []),
  ]
  const { seed } = wish
  const facts = { class: className, reclaim: storage.reclaimPolicy, ...(seed && { seed: seed.from }) }
  return {
    volume: volumeSpec(wish, facts, driver, options),
    hostPath: undefined,
    hosts: undefined,
    waits: storage.volumeBindingMode === 'WaitForFirstConsumer',
    problem: '',
    seed,
    conditions,
  }
}

/** `$(claim.namespace)` and `$(claim.name)` in a class's parameters, so that one share can serve many claims. */
function filled(value: string, wish: ClaimWish): string {
  return value.replaceAll('$(claim.namespace)', wish.namespace).replaceAll('$(claim.name)', wish.name)
}

function staticProvision(wish: ClaimWish, { metadata, spec }: PersistentVolume): Provision {
  const facts = { class: spec.storageClassName ?? '', reclaim: 'Retain', pv: metadata.name }
  const path = spec.hostPath?.path ?? spec.local?.path
  const { driver, options, problem } = path === undefined ? remote(spec) : plainLocal
  return {
    volume: volumeSpec(wish, facts, driver, options),
    hostPath: path,
    hosts: hostsOf(spec),
    waits: true,
    problem,
    conditions: wish.seed ? ['it is on a persistent volume, and begins with what is on that'] : [],
  }
}

const plainLocal = { driver: 'local', options: {}, problem: '' }

function remote(
  spec: PersistentVolume['spec'],
): typeof plainLocal & { readonly options: Readonly<Record<string, string>> } {
  const { nfs, mountOptions = [] } = spec
  if (!nfs) return { ...plainLocal, problem: 'its persistent volume is of a type that Docker hosts do not have' }
  const o = [`addr=${nfs.server}`, ...(nfs.readOnly ? ['ro'] : []), ...mountOptions].join(',')
  return { driver: 'local', options: { type: 'nfs', o, device: `:${nfs.path}` }, problem: '' }
}

/** Hosts that the volume's node affinity names by `kubernetes.io/hostname In […]`; other terms are the business of placement. */
function hostsOf({ nodeAffinity }: PersistentVolume['spec']): readonly string[] | undefined {
  const names = (nodeAffinity?.required?.nodeSelectorTerms ?? []).flatMap((term) =>
    (term.matchExpressions ?? []).flatMap(({ key, operator, values }) =>
      key === 'kubernetes.io/hostname' && operator === 'In' ? (values ?? []) : [],
    ),
  )
  return names.length === 0 ? undefined : names
}

function volumeSpec(
  wish: ClaimWish,
  facts: Readonly<Record<string, string>>,
  driver: string,
  options: Readonly<Record<string, string>>,
): VolumeSpec {
  const { app, namespace, name, spec } = wish
  const modes = (spec.accessModes ?? []).join(',')
  const capacity = spec.resources?.requests?.storage ?? ''
  return {
    app,
    namespace,
    subject: `PersistentVolumeClaim/${name}`,
    detail: '',
    facts: { ...wish.facts, ...facts, capacity, modes },
    driver,
    options,
  }
}

function refused(wish: ClaimWish, problem: string): Provision {
  const volume = volumeSpec(wish, {}, 'local', {})
  return { volume, hostPath: undefined, hosts: undefined, waits: true, problem, conditions: [] }
}

// The marks on what Berth makes: beside fill-mark.ts the only file that writes or reads label keys and that computes names.
import { sha256 } from '../base/hash.ts'
import type { PodSpec } from '../manifests/types.ts'
import type { ContainerConfig, Mount } from './live.ts'
import { onceParsed, onceText } from './once.ts'
import { podAddress } from './pod-address.ts'
import type { Attempt, PodRef, PodVolume, SandboxSpec, VolumeSpec } from './port.ts'

const prefix = 'berth.dev/'
const label = {
  engine: `${prefix}engine`,
  app: `${prefix}app`,
  namespace: `${prefix}namespace`,
  pod: `${prefix}pod`,
  container: `${prefix}container`,
  owner: `${prefix}owner`,
  template: `${prefix}template`,
  commit: `${prefix}commit`,
  metadata: `${prefix}metadata`,
  spec: `${prefix}spec`,
  config: `${prefix}config`,
  restarts: `${prefix}restarts`,
  backoff: `${prefix}backoff`,
  last: `${prefix}last`,
  volumes: `${prefix}volumes`,
  volume: `${prefix}volume`,
  subject: `${prefix}subject`,
  detail: `${prefix}detail`,
  facts: `${prefix}facts`,
  hostBlock: `${prefix}host-block`,
  block: `${prefix}block`,
  network: `${prefix}network`,
  node: `${prefix}node`,
  nodeSince: `${prefix}node-since`,
  services: `${prefix}services`,
} as const

/** The label that every listing filters by. */
export const engineLabel = label.engine
export const nodeLabel = label.node

export type Labels = Readonly<Record<string, string>>

/** What sandbox and joined containers both carry. */
export interface PodMark {
  readonly engine: string
  readonly app: string
  readonly namespace: string
  readonly pod: string
  /** Empty for the sandbox. */
  readonly container: string
  readonly owner: string
  readonly template: string
  readonly commit: string
}

export interface ContainerMark extends PodMark, Attempt {}

export interface PodMetadata {
  readonly labels: Labels
  readonly annotations: Labels
}

/**
 * What of a container's configuration Docker's answer does not show: which fields are ours and not the image's, which variables are
 * secret, and where the pod's address was filled in.
 */
export interface ConfigMark {
  /** Number of words; absent: the image's. */
  readonly command?: number
  readonly args?: number
  readonly workingDir?: true
  /** A text: the group that was asked for alone, as the engine holds the image's user as well. */
  readonly user?: true | string
  /** Docker appends the image's variables after ours. */
  readonly env: number
  /** Names of variables from Secrets. */
  readonly secret?: readonly string[]
  readonly address?: string
  /** `env/NAME`, `command/0`, `args/2`. */
  readonly addressIn?: readonly string[]
  /** cpuRequestMillis, cpuLimitMillis, memoryLimitBytes. */
  readonly resources: readonly [number, number, number]
  /** As asked for, where it is less than 0: not every engine can do that. */
  readonly oomScore?: number
  /** Docker shows where volumes are, not which volume of the pod they are. */
  readonly mounts?: readonly Mount[]
}

/** Docker's name of a pod's sandbox. Underscores cannot occur in the parts, so names of different pods differ. */
export function sandboxName(engine: string, pod: Pick<PodRef, 'namespace' | 'name'>): string {
  return `${engine}_${pod.namespace}_${pod.name}`
}

export function containerName(
  engine: string,
  pod: Pick<PodRef, 'namespace' | 'name'>,
  container: string,
  restarts: number,
): string {
  return `${sandboxName(engine, pod)}_${container}_${restarts}`
}

/** The name that marks a pod for removal, and since when (ms): it outlives Berth, and needs no new container. */
export function leavingName(name: string, since: number): string {
  return `${name}.leaving.${since.toString(36)}`
}

/** Undefined: not a leaving pod's name. `since` is undefined where the name does not tell. */
function parseLeaving(own: string, name: string): { readonly since: number | undefined } | undefined {
  const [, since] = name.startsWith(own)
    ? (/^\.leaving(?:\.([0-9a-z]{1,10}))?$/.exec(name.slice(own.length)) ?? [])
    : []
  if (since !== undefined) return { since: Number.parseInt(since, 36) }
  return name === `${own}.leaving` ? { since: undefined } : undefined
}

/** `index` 0 is a namespace's first network; more are made when it is full. */
export function networkName(engine: string, namespace: string, index: number): string {
  return index === 0 ? `${engine}_${namespace}` : `${engine}_${namespace}_${index + 1}`
}

/** Whether a network of this name can be one of the installation's. */
export function mayBeNetworkOf(engine: string, name: string): boolean {
  return name.startsWith(`${engine}_`)
}

/** Docker's local driver makes a folder of this name, and those are limited. */
const longestVolumeName = 255

/** Docker's name of a volume that outlives pods: three parts for a claim's, five for a record. */
export function volumeName(engine: string, volume: Pick<VolumeSpec, 'namespace' | 'subject' | 'detail'>): string {
  const { namespace, subject, detail } = volume
  const [kind = '', name = ''] = subject.split('/')
  const plain = kind === 'PersistentVolumeClaim' && detail === ''
  return fitting(`${engine}_${namespace}_${plain ? name : `${kind}_${name}_${detail}`}`)
}

/** Docker's name of a volume that is made and removed with its pod: four parts. */
export function podVolumeName(engine: string, pod: Pick<PodRef, 'namespace' | 'name'>, volume: string): string {
  return fitting(`${sandboxName(engine, pod)}_${volume}`)
}

function fitting(name: string): string {
  return name.length <= longestVolumeName
    ? name
    : `${name.slice(0, longestVolumeName - 17)}-${sha256(name).slice(0, 16)}`
}

/** Whether a volume of this name can be one that outlives pods. */
export function mayBeKeptVolume(engine: string, name: string): boolean {
  return name.startsWith(`${engine}_`) && name.split('_').length !== 4
}

export function writeVolumeLabels(engine: string, volume: VolumeSpec): Record<string, string> {
  return {
    [label.engine]: engine,
    [label.app]: volume.app,
    [label.namespace]: volume.namespace,
    [label.subject]: volume.subject,
    [label.detail]: volume.detail,
    [label.facts]: JSON.stringify(volume.facts),
  }
}

export function writePodVolumeLabels(engine: string, pod: PodRef, volume: string): Record<string, string> {
  return {
    [label.engine]: engine,
    [label.namespace]: pod.namespace,
    [label.pod]: pod.name,
    [label.volume]: volume,
  }
}

/** What a node container says of itself. */
export interface NodeMark {
  readonly engine: string
  /** Of what it was made from. */
  readonly hash: string
  /** Larger for a newer one. */
  readonly since: number
  /** `10.96.0.0/16`: local to its host. */
  readonly serviceCIDR: string
}

/** Names of the node container and its volume have no underscore, so that they cannot be those of anything of a pod. */
export function nodeName(engine: string, hash: string): string {
  return `berth-node.${engine}.${hash}`
}

/** Of a container that another one has taken over from. */
export function oldNodeName(mark: NodeMark): string {
  return `${nodeName(mark.engine, mark.hash)}.old.${mark.since.toString(36)}`
}

export function nodeVolumeName(engine: string): string {
  return `berth-node.${engine}`
}

/** Volume: what outlives the containers. */
export function writeNodeLabels(engine: string, made: Omit<NodeMark, 'engine'> | 'volume'): Record<string, string> {
  if (made === 'volume') return { [label.engine]: engine, [label.node]: made }
  const { hash, since, serviceCIDR } = made
  return { [label.engine]: engine, [label.node]: hash, [label.nodeSince]: `${since}`, [label.services]: serviceCIDR }
}

/** Undefined: no node container. */
export function parseNodeMark(labels: Labels): NodeMark | undefined {
  const engine = labels[label.engine]
  const hash = labels[label.node]
  if (engine === undefined || hash === undefined) return undefined
  return { engine, hash, since: Number(labels[label.nodeSince]) || 0, serviceCIDR: labels[label.services] ?? '' }
}

/** What a volume says of itself. */
export type VolumeMark =
  | { readonly kind: 'pod'; readonly engine: string; readonly namespace: string; readonly pod: string }
  | ({ readonly kind: 'kept'; readonly engine: string } & Pick<
      VolumeSpec,
      'app' | 'namespace' | 'subject' | 'detail' | 'facts'
    >)

/** Undefined: not made by this installation. Copied: its labels are, but not its name. */
export function volumeOwner(engine: string, name: string, labels: Labels): VolumeMark | 'copied' | undefined {
  if (labels[label.engine] !== engine || name === nodeVolumeName(engine)) return undefined
  const namespace = labels[label.namespace] ?? ''
  const pod = labels[label.pod]
  if (pod !== undefined) {
    const own = podVolumeName(engine, { namespace, name: pod }, labels[label.volume] ?? '')
    return name === own ? { kind: 'pod', engine, namespace, pod } : 'copied'
  }
  const subject = labels[label.subject] ?? ''
  const detail = labels[label.detail] ?? ''
  if (name !== volumeName(engine, { namespace, subject, detail })) return 'copied'
  const facts = parseJson<Record<string, string>>(labels[label.facts]) ?? {}
  return { kind: 'kept', engine, app: labels[label.app] ?? '', namespace, subject, detail, facts }
}

export function podMark(engine: string, pod: PodRef, sandbox: SandboxSpec): PodMark {
  const { app, owner, template, commit } = sandbox
  return { engine, app, namespace: pod.namespace, pod: pod.name, container: '', owner, template, commit }
}

/** What a sandbox's labels hold beside its mark. */
export type SandboxFacts = Pick<SandboxSpec, 'labels' | 'annotations' | 'spec' | 'volumes'>

export function writeSandboxLabels(mark: PodMark, sandbox: SandboxFacts): Record<string, string> {
  const { labels, annotations, spec, volumes } = sandbox
  return {
    ...writePodLabels(mark),
    [label.metadata]: JSON.stringify({ labels, annotations }),
    [label.spec]: JSON.stringify(spec),
    ...(volumes.length > 0 && { [label.volumes]: JSON.stringify(volumes) }),
  }
}

export function writeContainerLabels(mark: PodMark, attempt: Attempt, config: ConfigMark): Record<string, string> {
  return {
    ...writePodLabels(mark),
    [label.config]: JSON.stringify(config),
    [label.restarts]: String(attempt.restarts),
    [label.backoff]: String(attempt.backoffMs),
    // Always: what is not here Docker takes from the image, whose labels are anybody's.
    [label.last]: attempt.last ? JSON.stringify(attempt.last) : '',
  }
}

function writePodLabels(mark: PodMark): Record<string, string> {
  return {
    [label.engine]: mark.engine,
    [label.app]: mark.app,
    [label.namespace]: mark.namespace,
    [label.pod]: mark.pod,
    [label.container]: mark.container,
    [label.owner]: mark.owner,
    [label.template]: mark.template,
    [label.commit]: mark.commit,
  }
}

/** Undefined: not made by any Berth. */
export function parseContainerMark(labels: Labels): ContainerMark | undefined {
  const engine = labels[label.engine]
  const pod = labels[label.pod]
  if (engine === undefined || pod === undefined) return undefined
  const shared = (name: string) => onceText(labels[name] ?? '')
  return {
    engine: onceText(engine),
    app: shared(label.app),
    namespace: shared(label.namespace),
    pod: onceText(pod),
    container: shared(label.container),
    owner: shared(label.owner),
    template: shared(label.template),
    commit: shared(label.commit),
    restarts: Number(labels[label.restarts] ?? 0) || 0,
    backoffMs: Number(labels[label.backoff] ?? 0) || 0,
    last: parseJson<Attempt['last']>(labels[label.last]),
  }
}

/** Whose a container is. */
export type Owned =
  | { readonly kind: 'ours' | 'copied' | 'foreign' }
  /** A sandbox whose pod is being removed. */
  | { readonly kind: 'leaving'; readonly since: number | undefined }

/** Ours only if it also bears the name that its labels ask for: labels are easily copied, names are unique on a host. */
export function ownership(engine: string, name: string, mark: ContainerMark | undefined): Owned {
  if (mark === undefined || mark.engine !== engine) return { kind: 'foreign' }
  const pod = { namespace: mark.namespace, name: mark.pod }
  if (mark.container !== '') {
    return { kind: name === containerName(engine, pod, mark.container, mark.restarts) ? 'ours' : 'copied' }
  }
  const own = sandboxName(engine, pod)
  if (name === own) return { kind: 'ours' }
  const leaving = parseLeaving(own, name)
  return leaving === undefined ? { kind: 'copied' } : { kind: 'leaving', since: leaving.since }
}

export function parseMetadata(labels: Labels): PodMetadata {
  const found = parseJson<Partial<PodMetadata>>(labels[label.metadata], onceParsed)
  return { labels: found?.labels ?? {}, annotations: found?.annotations ?? {} }
}

export function parseSpec(labels: Labels): PodSpec | undefined {
  return parseJson<PodSpec>(labels[label.spec], onceParsed)
}

/** The pod's volumes, as its sandbox was told. */
export function parseVolumes(labels: Labels): readonly PodVolume[] {
  return parseJson<readonly PodVolume[]>(labels[label.volumes], onceParsed) ?? []
}

export function parseConfigMark(labels: Labels): ConfigMark {
  return parseJson<ConfigMark>(labels[label.config]) ?? { env: 0, resources: [0, 0, 0] }
}

/** What Docker's answer will not show of a configuration; `address` is the pod's, if it is filled in anywhere. */
export function configMark(config: ContainerConfig, address: string | undefined): ConfigMark {
  const secret = config.env.filter((variable) => variable.secret).map((variable) => variable.name)
  const places = [
    ...config.env.filter(({ value }) => value.includes(podAddress)).map(({ name }) => `env/${name}`),
    ...(config.command ?? []).flatMap((word, index) => (word.includes(podAddress) ? [`command/${index}`] : [])),
    ...(config.args ?? []).flatMap((word, index) => (word.includes(podAddress) ? [`args/${index}`] : [])),
  ]
  const { cpuRequestMillis, cpuLimitMillis, memoryLimitBytes } = config.resources
  return {
    ...(config.command && { command: config.command.length }),
    ...(config.args && { args: config.args.length }),
    ...(config.workingDir !== undefined && { workingDir: true }),
    ...(config.user !== undefined && { user: config.user.startsWith(':') ? config.user : true }),
    env: config.env.length,
    ...(secret.length > 0 && { secret }),
    ...(places.length > 0 && address !== undefined && { address, addressIn: places }),
    resources: [cpuRequestMillis, cpuLimitMillis, memoryLimitBytes],
    ...(config.oomScoreAdjust < 0 && { oomScore: config.oomScoreAdjust }),
    ...(config.mounts.length > 0 && { mounts: config.mounts }),
  }
}

export interface NetworkMark {
  readonly engine: string
  readonly namespace: string
  readonly hostBlock: string
  readonly block: string
  /** 1: Docker's own rules are all that there is. 2: it needs the rules of the node container. */
  readonly generation: number
}

/** Of networks for the rules of a node container. */
export const newestGeneration = 2

export function writeNetworkLabels(mark: NetworkMark): Record<string, string> {
  return {
    [label.engine]: mark.engine,
    [label.namespace]: mark.namespace,
    [label.hostBlock]: mark.hostBlock,
    [label.block]: mark.block,
    ...(mark.generation > 1 && { [label.network]: String(mark.generation) }),
  }
}

export function parseNetworkMark(labels: Labels): NetworkMark | undefined {
  const engine = labels[label.engine]
  const namespace = labels[label.namespace]
  if (engine === undefined || namespace === undefined) return undefined
  const generation = Number(labels[label.network] ?? 1) || 1
  return { engine, namespace, hostBlock: labels[label.hostBlock] ?? '', block: labels[label.block] ?? '', generation }
}

// Labels can be written by anyone: unreadable ones count as absent.
function parseJson<T>(text: string | undefined, parse: (text: string) => unknown = JSON.parse): T | undefined {
  if (text === undefined) return undefined
  try {
    return parse(text) as T
  } catch {
    return undefined
  }
}

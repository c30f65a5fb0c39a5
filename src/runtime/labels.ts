// The marks on what Berth makes: the only file that writes or reads label keys and that computes names.
import type { PodSpec } from '../manifests/types.ts'
import type { ContainerConfig } from './live.ts'
import { onceParsed, onceText } from './once.ts'
import { podAddress } from './pod-address.ts'
import type { Attempt, PodRef, SandboxSpec } from './port.ts'

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
  hostBlock: `${prefix}host-block`,
  block: `${prefix}block`,
} as const

/** The label that every listing filters by. */
export const engineLabel = label.engine

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
  readonly user?: true
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

/** The name that marks a pod for removal: it outlives Berth, and needs no new container. */
export function leavingName(name: string): string {
  return `${name}.leaving`
}

/** `index` 0 is a namespace's first network; more are made when it is full. */
export function networkName(engine: string, namespace: string, index: number): string {
  return index === 0 ? `${engine}_${namespace}` : `${engine}_${namespace}_${index + 1}`
}

/** Whether a network of this name can be one of the installation's. */
export function mayBeNetworkOf(engine: string, name: string): boolean {
  return name.startsWith(`${engine}_`)
}

export function podMark(engine: string, pod: PodRef, sandbox: SandboxSpec): PodMark {
  const { app, owner, template, commit } = sandbox
  return { engine, app, namespace: pod.namespace, pod: pod.name, container: '', owner, template, commit }
}

export function writeSandboxLabels(mark: PodMark, metadata: PodMetadata, spec: PodSpec): Record<string, string> {
  return {
    ...writePodLabels(mark),
    [label.metadata]: JSON.stringify({ labels: metadata.labels, annotations: metadata.annotations }),
    [label.spec]: JSON.stringify(spec),
  }
}

export function writeContainerLabels(mark: PodMark, attempt: Attempt, config: ConfigMark): Record<string, string> {
  return {
    ...writePodLabels(mark),
    [label.config]: JSON.stringify(config),
    [label.restarts]: String(attempt.restarts),
    [label.backoff]: String(attempt.backoffMs),
    ...(attempt.last && { [label.last]: JSON.stringify(attempt.last) }),
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

/** Ours only if it also bears the name that its labels ask for: labels are easily copied, names are unique on a host. */
export function ownership(
  engine: string,
  name: string,
  mark: ContainerMark | undefined,
): 'ours' | 'leaving' | 'copied' | 'foreign' {
  if (mark === undefined || mark.engine !== engine) return 'foreign'
  const pod = { namespace: mark.namespace, name: mark.pod }
  if (mark.container !== '') {
    return name === containerName(engine, pod, mark.container, mark.restarts) ? 'ours' : 'copied'
  }
  const own = sandboxName(engine, pod)
  return name === own ? 'ours' : name === leavingName(own) ? 'leaving' : 'copied'
}

export function parseMetadata(labels: Labels): PodMetadata {
  const found = parseJson<Partial<PodMetadata>>(labels[label.metadata], onceParsed)
  return { labels: found?.labels ?? {}, annotations: found?.annotations ?? {} }
}

export function parseSpec(labels: Labels): PodSpec | undefined {
  return parseJson<PodSpec>(labels[label.spec], onceParsed)
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
    ...(config.user !== undefined && { user: true }),
    env: config.env.length,
    ...(secret.length > 0 && { secret }),
    ...(places.length > 0 && address !== undefined && { address, addressIn: places }),
    resources: [cpuRequestMillis, cpuLimitMillis, memoryLimitBytes],
    ...(config.oomScoreAdjust < 0 && { oomScore: config.oomScoreAdjust }),
  }
}

export interface NetworkMark {
  readonly engine: string
  readonly namespace: string
  readonly hostBlock: string
  readonly block: string
}

export function writeNetworkLabels(mark: NetworkMark): Record<string, string> {
  return {
    [label.engine]: mark.engine,
    [label.namespace]: mark.namespace,
    [label.hostBlock]: mark.hostBlock,
    [label.block]: mark.block,
  }
}

export function parseNetworkMark(labels: Labels): NetworkMark | undefined {
  const engine = labels[label.engine]
  const namespace = labels[label.namespace]
  if (engine === undefined || namespace === undefined) return undefined
  return { engine, namespace, hostBlock: labels[label.hostBlock] ?? '', block: labels[label.block] ?? '' }
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

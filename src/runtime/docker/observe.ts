// What the engine answers, as facts. Pure.
import type { ContainerInspectInfo, HostConfig } from 'dockerode'
import { oneLine } from '../../base/errors.ts'
import type { PodSpec } from '../../manifests/types.ts'
import {
  type ConfigMark,
  type ContainerMark,
  ownership,
  type PodMetadata,
  parseConfigMark,
  parseContainerMark,
  parseMetadata,
  parseSpec,
  parseVolumes,
} from '../labels.ts'
import type { ContainerConfig, ContainerResources, ContainerState, LiveContainer } from '../live.ts'
import { once, onceText } from '../once.ts'
import { podAddress } from '../pod-address.ts'
import type { PodVolume } from '../port.ts'
import { type Capacity, type ResourceOptions, resourceOptions, updateOptions } from './options.ts'
import { hostNetwork } from './pod-options.ts'

/** One container of ours on one host. */
export interface ContainerRecord {
  readonly id: string
  /** Docker's. */
  readonly name: string
  readonly mark: ContainerMark
  /** The sandbox bears the name that marks its pod for removal. */
  readonly leaving: boolean
  /** When it was marked, ms. */
  readonly leavingSince: number | undefined
  /** Without what only this process knows. */
  readonly facts: Omit<LiveContainer, 'health' | 'stopping'>
  /** As the engine was told, where the configuration may say less. */
  readonly oomScore: number
  /** Id of the sandbox that it is joined to; its own for a sandbox. */
  readonly sandboxId: string
  /** Only of a sandbox. */
  readonly sandbox: SandboxRecord | undefined
}

export interface SandboxRecord extends PodMetadata {
  readonly spec: PodSpec | undefined
  /** Undefined: it does not run, or was cut off its network. */
  readonly address: string | undefined
  /** Name of the network that its address is of. */
  readonly network: string
  /** Names of all that it is on. */
  readonly attached: readonly string[]
  /** It asks the DNS server of the cluster by itself. */
  readonly asksCluster: boolean
  readonly volumes: readonly PodVolume[]
}

/** What the host knows beside. */
export interface HostView {
  readonly hostAddress: string
  /** Of a network, by its name. */
  readonly generation: (network: string) => number
}

export type Observed =
  | { readonly kind: 'ours'; readonly record: ContainerRecord }
  | { readonly kind: 'copied'; readonly message: string }
  | { readonly kind: 'foreign' }

/** `told`: resources that this process asked for since the container was made; Docker's form of them is not always reversible. */
export function observe(
  engine: string,
  capacity: Capacity,
  info: ContainerInspectInfo,
  told: ContainerResources | undefined,
  host: HostView = { hostAddress: '', generation: () => 0 },
): Observed {
  const name = info.Name.replace(/^\//, '')
  const labels = info.Config.Labels ?? {}
  const mark = parseContainerMark(labels)
  const owned = ownership(engine, name, mark)
  if (owned.kind === 'foreign' || mark === undefined) return { kind: 'foreign' }
  if (owned.kind === 'copied') {
    const claimed = `pod ${mark.namespace}/${mark.pod}`
    return {
      kind: 'copied',
      message: `container ${oneLine(name, 100)} carries the labels of ${oneLine(claimed, 300)} but not its name: left alone`,
    }
  }
  const config = parseConfigMark(labels)
  const isSandbox = mark.container === ''
  const record: ContainerRecord = {
    id: info.Id,
    name,
    mark,
    leaving: owned.kind === 'leaving',
    leavingSince: owned.kind === 'leaving' ? owned.since : undefined,
    facts: factsOf(
      info,
      mark,
      configOf(info, mark.container, config, resourcesOf(info.HostConfig, capacity, config, told)),
    ),
    oomScore: info.HostConfig.OomScoreAdj ?? 0,
    sandboxId: onceText(isSandbox ? info.Id : (info.HostConfig.NetworkMode?.replace(/^container:/, '') ?? '')),
    sandbox: isSandbox ? sandboxOf(info, host) : undefined,
  }
  return { kind: 'ours', record }
}

function sandboxOf(info: ContainerInspectInfo, { hostAddress, generation }: HostView): SandboxRecord {
  const labels = info.Config.Labels ?? {}
  const made = info.HostConfig.NetworkMode ?? ''
  const attached = Object.keys(info.NetworkSettings.Networks)
  // While a pod moves it is on two.
  const newest = attached.toSorted((a, b) => generation(b) - generation(a))[0] ?? made
  const network = made === hostNetwork ? made : newest
  const own = network === hostNetwork ? hostAddress : info.NetworkSettings.Networks[network]?.IPAddress
  const address = info.State.Running ? own : undefined
  const metadata = parseMetadata(labels)
  return {
    labels: metadata.labels,
    annotations: metadata.annotations,
    spec: parseSpec(labels),
    address: address || undefined,
    network: onceText(network),
    attached: once(attached),
    asksCluster: [info.Config.Entrypoint ?? []].flat().some((word) => word.includes('/etc/resolv.conf')),
    volumes: parseVolumes(labels),
  }
}

// One literal: an object that is copied and added to takes half as much room again.
function factsOf(info: ContainerInspectInfo, mark: ContainerMark, config: ContainerConfig): ContainerRecord['facts'] {
  const { State: state } = info
  return {
    id: info.Id,
    state: state.Status as ContainerState,
    exitCode: state.ExitCode,
    error: oneLine(state.Error ?? ''),
    oomKilled: state.OOMKilled,
    startedAt: timeOf(state.StartedAt),
    finishedAt: timeOf(state.FinishedAt),
    createdAt: timeOf(info.Created),
    image: onceText(info.Config.Image),
    imageId: onceText(info.Image),
    name: mark.container,
    restarts: mark.restarts,
    backoffMs: mark.backoffMs,
    last: mark.last,
    config,
  }
}

// Go's zero time is in the year 1.
function timeOf(text: string): number {
  return Math.max(Date.parse(text) || 0, 0)
}

function configOf(
  info: ContainerInspectInfo,
  name: string,
  mark: ConfigMark,
  resources: ContainerResources,
): ContainerConfig {
  const { Config: config, HostConfig: host } = info
  const options = (host.SecurityOpt ?? []) as readonly string[]
  const places = new Set(mark.addressIn)
  const restored = (place: string, text: string) =>
    places.has(place) && mark.address ? text.replaceAll(mark.address, podAddress) : text
  const words = (kind: 'command' | 'args', list: string | readonly string[] | null | undefined) =>
    mark[kind] === undefined
      ? undefined
      : mark[kind] === 0
        ? []
        : once([list ?? []].flat().map((word, index) => restored(`${kind}/${index}`, word)))
  const secret = new Set(mark.secret)
  return once({
    name,
    image: onceText(config.Image),
    command: words('command', config.Entrypoint),
    args: words('args', config.Cmd),
    workingDir: mark.workingDir ? config.WorkingDir : undefined,
    env: (config.Env ?? []).slice(0, mark.env).map((line) => {
      const at = line.indexOf('=')
      const variable = onceText(line.slice(0, at))
      const value = restored(`env/${variable}`, line.slice(at + 1))
      return once({ name: variable, value, secret: secret.has(variable) })
    }),
    user: mark.user === true ? config.User : mark.user,
    groups: once(host.GroupAdd ?? []),
    tty: config.Tty,
    stdin: config.OpenStdin,
    stdinOnce: config.StdinOnce,
    privileged: host.Privileged ?? false,
    readOnlyRootFilesystem: host.ReadonlyRootfs ?? false,
    noNewPrivileges: options.some((option) => /^no-new-privileges(:true|=true)?$/.test(option)),
    addCapabilities: once(capabilities(host.CapAdd)),
    dropCapabilities: once(capabilities(host.CapDrop)),
    seccomp: options.includes('seccomp=unconfined') ? 'unconfined' : 'default',
    resources: once(resources),
    oomScoreAdjust: host.OomScoreAdj || (mark.oomScore ?? 0),
    mounts: once(mark.mounts ?? []),
  })
}

function capabilities(list: unknown): readonly string[] {
  if (!Array.isArray(list)) return []
  return list.map((name) => String(name).toUpperCase().replace(/^CAP_/, '')).sort()
}

/** What was asked for, where Docker stores just its form; else what the stored numbers say by themselves. */
function resourcesOf(
  host: HostConfig,
  capacity: Capacity,
  mark: ConfigMark,
  told: ContainerResources | undefined,
): ContainerResources {
  const {
    CpuShares: shares = 0,
    NanoCpus: nano = 0,
    Memory: memory = 0,
    CpuQuota: quota = 0,
    CpuPeriod: period = 0,
  } = host
  const holds = (form: ResourceOptions) =>
    form.CpuShares === shares && form.NanoCpus === nano && form.Memory === memory && quota <= 0
  if (told !== undefined && holds(updateOptions(told, capacity))) return told
  const [cpuRequestMillis, cpuLimitMillis, memoryLimitBytes] = mark.resources
  const made = { cpuRequestMillis, cpuLimitMillis, memoryLimitBytes }
  if (holds(resourceOptions(made, capacity))) return made
  const limit = nano > 0 ? Math.round(nano / 1e6) : quota > 0 ? Math.round((quota * 1000) / (period || 100_000)) : 0
  // One of them was changed by another process; the others are still what the container was made with.
  const kept = updateOptions(made, capacity)
  return {
    cpuRequestMillis:
      shares === kept.CpuShares ? cpuRequestMillis : shares <= 2 ? 0 : Math.ceil((shares * 1000) / 1024),
    cpuLimitMillis: nano === kept.NanoCpus && quota <= 0 ? cpuLimitMillis : limit,
    memoryLimitBytes: memory === kept.Memory ? memoryLimitBytes : Math.max(0, memory),
  }
}

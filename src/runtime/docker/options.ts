// Configurations as API options, by the table of https://docs.docker.com/reference/api/engine/. Pure.
import type { ContainerCreateOptions, HostConfig } from 'dockerode'
import type { PodSpec } from '../../manifests/types.ts'
import type { ContainerConfig, ContainerResources, PublishedPort } from '../live.ts'
import { podAddress } from '../pod-address.ts'
import type { SandboxSpec } from '../port.ts'
import { hostNetwork, joinedOptions, nameOptions, sharedOptions } from './pod-options.ts'
import { type ClusterDns, resolvScript } from './resolv-conf.ts'

// Waits, reaps children that lost their parent, and ends at once on SIGTERM.
const pause = "trap 'exit 0' TERM INT; while :; do sleep 86400 & wait $!; done"

/**
 * What the sandbox holds for the whole pod: network, names, IPC, published ports. `network`: Docker's name of it, `host` for the host's own.
 * `dns` undefined: Docker's own names are all there is.
 */
export function sandboxOptions(
  name: string,
  image: string,
  network: string,
  namespace: string,
  sandbox: SandboxSpec,
  labels: Record<string, string>,
  dns?: ClusterDns,
): ContainerCreateOptions {
  // On the host's network a port is where it is.
  const ports = sandbox.spec.hostNetwork ? [] : sandbox.ports
  return {
    name,
    Image: image,
    Entrypoint: ['sh', '-c', `${resolvScript(sandbox.spec, namespace, dns)}${pause}`],
    Cmd: [],
    ...nameOptions(sandbox, namespace, dns?.zone ?? 'cluster.local'),
    Labels: labels,
    ExposedPorts: Object.fromEntries(ports.map((port) => [portKey(port), {}])),
    HostConfig: {
      NetworkMode: network,
      ...sharedOptions(sandbox.spec, dns),
      RestartPolicy: { Name: 'no' },
      PortBindings: portBindings(ports),
      // It only waits.
      CpuShares: 2,
    },
    ...(dns === undefined && aliasOptions(network, sandbox)),
  }
}

/** Names that Docker itself tells the pods of the network. */
function aliasOptions(network: string, { aliases = [] }: SandboxSpec): Partial<ContainerCreateOptions> {
  if (network === hostNetwork || aliases.length === 0) return {}
  return { NetworkingConfig: { EndpointsConfig: { [network]: { Aliases: [...aliases] } } } }
}

export interface JoinedTo {
  readonly sandboxId: string
  /** Undefined: the sandbox does not run (yet). */
  readonly address: string | undefined
  /** The pod's, as its sandbox remembers it. */
  readonly spec: PodSpec | undefined
  /** Variables that are there unless the container has its own of that name; no part of its configuration. Absent: none. */
  readonly links?: Readonly<Record<string, string>>
  /** The Application that it is of; absent: any. */
  readonly app?: string
}

/** Neither cpu nor memory keeps a container from taking all the process numbers of its host. Kubernetes has this in the kubelet's `podPidsLimit`. */
const mostPreviewProcesses = 2_048

/** An image may have itself asked for its health a thousand times a second, which Kubernetes has no ear for. */
const noHealthcheck = { Test: ['NONE'] }

/** A container of the pod, joined to its sandbox. */
export function containerOptions(
  name: string,
  config: ContainerConfig,
  joined: JoinedTo,
  labels: Record<string, string>,
  capacity: Capacity,
): ContainerCreateOptions {
  const filled = (text: string) => text.replaceAll(podAddress, joined.address ?? '')
  const sandbox = `container:${joined.sandboxId}`
  // Only applications that pull requests make have a slash in their names.
  const isPreview = joined.app?.includes('/') === true
  return {
    name,
    Image: config.image,
    Labels: labels,
    ...(config.command && { Entrypoint: config.command.map(filled) }),
    ...(config.args && { Cmd: config.args.map(filled) }),
    ...(config.workingDir !== undefined && { WorkingDir: config.workingDir }),
    ...(config.user !== undefined && { User: config.user }),
    Env: [
      ...config.env.map(({ name: variable, value }) => `${variable}=${filled(value)}`),
      ...linksBeside(config, joined),
    ],
    Tty: config.tty,
    OpenStdin: config.stdin,
    StdinOnce: config.stdinOnce,
    ...(isPreview && { Healthcheck: noHealthcheck }),
    HostConfig: {
      NetworkMode: sandbox,
      ...joinedOptions(joined.spec, sandbox),
      RestartPolicy: { Name: 'no' },
      ...resourceOptions(config.resources, capacity),
      ...securityOptions(config),
      OomScoreAdj: oomScore(config.oomScoreAdjust, capacity),
      ...(isPreview && { PidsLimit: mostPreviewProcesses }),
    },
  }
}

function linksBeside({ env }: ContainerConfig, { links = {} }: JoinedTo): string[] {
  const own = new Set(env.map(({ name }) => name))
  return Object.entries(links).flatMap(([name, value]) => (own.has(name) ? [] : [`${name}=${value}`]))
}

function securityOptions(config: ContainerConfig): Partial<HostConfig> {
  return {
    Privileged: config.privileged,
    ReadonlyRootfs: config.readOnlyRootFilesystem,
    CapAdd: [...config.addCapabilities],
    CapDrop: [...config.dropCapabilities],
    GroupAdd: [...config.groups],
    SecurityOpt: [
      ...(config.noNewPrivileges ? ['no-new-privileges'] : []),
      ...(config.seccomp === 'unconfined' ? ['seccomp=unconfined'] : []),
    ],
  }
}

/** As Docker stores them. */
export interface ResourceOptions {
  readonly CpuShares: number
  readonly NanoCpus: number
  readonly Memory: number
  readonly MemorySwap: number
}

/** What a host has and can. */
export interface Capacity {
  readonly cpuMillis: number
  readonly memoryBytes: number
  /** Some engines (rootless, or in a container) may not make a process less likely to be killed than they are themselves. */
  readonly lowersOomScore: boolean
}

export function oomScore(adjust: number, capacity: Capacity): number {
  return capacity.lowersOomScore ? adjust : Math.max(0, adjust)
}

/** The least that Docker accepts. */
const leastCpuMillis = 10

/**
 * Shares as the kubelet computes them: 1024 a core, at least 2. No swap beyond the memory limit. Docker refuses limits of more cores than
 * the host has, which mean nothing, and of less than a hundredth, which the kernel cannot keep.
 */
export function resourceOptions(resources: ContainerResources, capacity: Capacity): ResourceOptions {
  const limit = resources.cpuLimitMillis === 0 ? 0 : Math.max(leastCpuMillis, resources.cpuLimitMillis)
  return {
    CpuShares: Math.max(2, Math.floor((resources.cpuRequestMillis * 1024) / 1000)),
    NanoCpus: Math.min(limit, capacity.cpuMillis) * 1e6,
    Memory: resources.memoryLimitBytes,
    MemorySwap: resources.memoryLimitBytes,
  }
}

/** An update cannot take a limit away, as zero means unchanged there: all that the host has is as good as none. */
export function updateOptions(resources: ContainerResources, capacity: Capacity): ResourceOptions {
  return resourceOptions(
    {
      ...resources,
      cpuLimitMillis: resources.cpuLimitMillis || capacity.cpuMillis,
      memoryLimitBytes: resources.memoryLimitBytes || capacity.memoryBytes,
    },
    capacity,
  )
}

function portKey(port: PublishedPort): string {
  return `${port.containerPort}/${port.protocol.toLowerCase()}`
}

function portBindings(ports: readonly PublishedPort[]): Record<string, { HostIp: string; HostPort: string }[]> {
  const bindings: Record<string, { HostIp: string; HostPort: string }[]> = {}
  for (const port of ports) {
    const key = portKey(port)
    bindings[key] = [...(bindings[key] ?? []), { HostIp: port.hostIP, HostPort: String(port.hostPort) }]
  }
  return bindings
}

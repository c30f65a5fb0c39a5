import type { ContainerPort } from '../../manifests/types.ts'
import type { LiveHost, LivePod, PublishedPort } from '../../runtime/live.ts'
import type { PodRef, SandboxSpec } from '../../runtime/port.ts'
import type { Action, Effect, Task } from './action.ts'
import { containersFor } from './containers.ts'
import type { Workload } from './desired.ts'
import { pinImage } from './images.ts'
import { removeActions } from './leave.ts'

export interface NewPod {
  readonly name: string
  readonly host: LiveHost
  readonly cause: string
  readonly effect: Effect
  /** What is left of a pod of that name, removed first. */
  readonly remains: LivePod | undefined
  /** Pods of the same template: their images are taken over. */
  readonly siblings: readonly LivePod[]
}

/** One pod in one chain: the network if it is not there, the sandbox, then the containers joined to it. */
export function createPod(desired: Workload, pod: NewPod): Task {
  const ref: PodRef = { host: pod.host.name, namespace: namespaceOf(desired), name: pod.name }
  const sandbox = sandboxSpec(desired, pod.name)
  const facts = { ...ref, labels: sandbox.labels, annotations: sandbox.annotations }
  const configs = containersFor(desired.template, facts).map((config) => pinImage(config, pod.host, pod.siblings))
  const network: Action[] = pod.host.networks.has(ref.namespace)
    ? []
    : [{ kind: 'ensureNetwork', host: ref.host, namespace: ref.namespace }]
  return {
    host: ref.host,
    text: `create pod ${pod.name} on ${ref.host}`,
    cause: pod.cause,
    effect: pod.effect,
    actions: [
      ...(pod.remains ? removeActions(pod.remains) : []),
      ...network,
      { kind: 'createSandbox', pod: ref, sandbox },
      { kind: 'start', pod: ref, container: '' },
      ...configs.map((config): Action => ({ kind: 'createContainer', pod: ref, config })),
      ...configs.map((config): Action => ({ kind: 'start', pod: ref, container: config.name })),
    ],
  }
}

export function namespaceOf(desired: Workload): string {
  return desired.object.metadata.namespace ?? 'default'
}

export function sandboxSpec(desired: Workload, podName: string): SandboxSpec {
  const { template } = desired
  const hash = { 'pod-template-hash': template.hash }
  return {
    app: desired.app,
    owner: `${desired.kind}/${desired.object.metadata.name}`,
    template: template.hash,
    commit: desired.commit,
    labels: desired.kind === 'Pod' ? template.labels : { ...template.labels, ...hash },
    annotations: template.annotations,
    spec: template.spec,
    hostname: template.spec.hostname ?? hostnameOf(podName),
    ports: template.spec.containers.flatMap((container) => (container.ports ?? []).flatMap(published)),
    volumes: [],
  }
}

function published(port: ContainerPort): PublishedPort[] {
  if (!port.hostPort) return []
  const { containerPort, hostPort, protocol } = port
  return [{ containerPort, hostPort, hostIP: port.hostIP || '0.0.0.0', protocol }]
}

/** Host ports of a pod spec as placement compares them: `hostIP/hostPort/protocol`. */
export function hostPorts(spec: {
  readonly containers: readonly { readonly ports?: readonly ContainerPort[] }[]
}): string[] {
  return spec.containers
    .flatMap((container) => (container.ports ?? []).flatMap(published))
    .map((port) => `${port.hostIP}/${port.hostPort}/${port.protocol}`)
}

/** A pod's name as a host name: 63 characters at most, none of them at an end that a host name may not have. */
function hostnameOf(podName: string): string {
  return podName.slice(0, 63).replaceAll('.', '-').replace(/-+$/, '')
}

/** `web-<hash>-<n>` with the lowest numbers that no pod of the owner has, leaving ones included. */
export function freePodNames(owner: string, hash: string, taken: ReadonlySet<string>, count: number): string[] {
  const names: string[] = []
  for (let number = 0; names.length < count; number += 1) {
    const name = podName(owner, hash, number)
    if (!taken.has(name)) names.push(name)
  }
  return names
}

/** A valid host name of at most 63 characters; the owner's part is cut, the hash tells owners apart. */
export function podName(owner: string, hash: string, number: number): string {
  const ending = `-${hash}-${number}`
  return `${owner
    .replaceAll('.', '-')
    .slice(0, 63 - ending.length)
    .replace(/-+$/, '')}${ending}`
}

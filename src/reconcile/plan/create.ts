import type { PodSpec } from '../../manifests/types.ts'
import type { ContainerConfig, LiveHost, LivePod } from '../../runtime/live.ts'
import type { PodRef, SandboxSpec } from '../../runtime/port.ts'
import type { Action, Effect, Task } from './action.ts'
import { createVolumes } from './claims-of-pod.ts'
import { containersFor } from './containers.ts'
import type { View, Workload } from './desired.ts'
import { portsOf } from './host-ports.ts'
import { pinImage } from './images.ts'
import { removeActions } from './leave.ts'
import { stagesOf } from './start-order.ts'
import { identityLabels, revisionLabel } from './stateful-set-identity.ts'
import { setupsOf, volumesOf } from './volumes-of-pod.ts'

/** What a pod has that others of its template have not: its name, and what goes with it. */
export interface Identity {
  readonly name: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly hostname?: string
}

export interface NewPod extends Identity {
  readonly host: LiveHost
  readonly cause: string
  readonly effect: Effect
  /** What is left of a pod of that name, removed first. */
  readonly remains: LivePod | undefined
  /** Pods of the same template: their images are taken over. */
  readonly siblings: readonly LivePod[]
}

/**
 * One pod in one chain: the network and the claims' volumes if they are not there, the sandbox, then the containers whose turn comes
 * first. Those that come later follow when the facts say so.
 */
export function createPod(desired: Workload, pod: NewPod, view: Pick<View, 'volumesOf'>): Task {
  const ref: PodRef = { host: pod.host.name, namespace: namespaceOf(desired), name: pod.name }
  const plain = sandboxSpec(desired, pod)
  const facts = { ...ref, labels: plain.labels, annotations: plain.annotations }
  const { template } = desired
  const first = new Set(stagesOf(template.spec)[0]?.names)
  const configs = containersFor(template, facts, pod.host)
    .filter((config) => first.has(config.name))
    .map((config) => pinImage(config, pod.host, pod.siblings))
  const network: Action[] = pod.host.networks.has(ref.namespace)
    ? []
    : [{ kind: 'ensureNetwork', host: ref.host, namespace: ref.namespace }]
  const volumes = setupsOf(template, facts, pod.host, configs)
  const create = (config: ContainerConfig): Action => ({ kind: 'createContainer', pod: ref, config })
  // Containers can be made while the sandbox starts, unless they mount a directory that is not there yet.
  const inside = (config: ContainerConfig): boolean => config.mounts.some(({ subPath }) => subPath !== '')
  return {
    host: ref.host,
    text: `create pod ${pod.name} on ${ref.host}`,
    cause: pod.cause,
    effect: pod.effect,
    actions: [
      ...(pod.remains ? removeActions(pod.remains) : []),
      ...network,
      ...createVolumes(template, facts, pod.host, view),
      { kind: 'createSandbox', pod: ref, sandbox: { ...plain, volumes: volumesOf(template, facts, pod.host) } },
      { kind: 'start', pod: ref, container: '' },
      ...configs.filter((config) => !inside(config)).map(create),
      ...(volumes.length > 0 ? [{ kind: 'setUpVolumes', pod: ref, volumes } as const] : []),
      ...configs.filter(inside).map(create),
      ...configs.map((config): Action => ({ kind: 'start', pod: ref, container: config.name })),
    ],
  }
}

export function namespaceOf(desired: Workload): string {
  return desired.object.metadata.namespace ?? 'default'
}

/** Without its volumes, which need the pod's facts. */
export function sandboxSpec(desired: Workload, pod: Identity): SandboxSpec {
  const { template } = desired
  return {
    app: desired.app,
    owner: `${desired.kind}/${desired.object.metadata.name}`,
    template: template.hash,
    commit: desired.commit,
    labels: { ...template.labels, ...ownLabels(desired, pod.name), ...pod.labels },
    annotations: { ...template.annotations, ...pod.annotations },
    spec: specOf(desired),
    hostname: pod.hostname ?? template.spec.hostname ?? hostnameOf(pod.name),
    ports: portsOf(template.spec),
    volumes: [],
  }
}

/** The service of a StatefulSet is the domain of its pods. */
function specOf({ kind, object, template }: Workload): PodSpec {
  if (kind !== 'StatefulSet' || !object.spec.serviceName) return template.spec
  return { ...template.spec, subdomain: object.spec.serviceName }
}

/** What Kubernetes' controllers add to the labels of their pods. */
function ownLabels({ kind, object, template }: Workload, podName: string): Readonly<Record<string, string>> {
  if (kind === 'Pod' || kind === 'Job' || kind === 'CronJob') return {}
  if (kind === 'DaemonSet') return { [revisionLabel]: template.hash }
  if (kind !== 'StatefulSet') return { 'pod-template-hash': template.hash }
  const { name } = object.metadata
  return { [revisionLabel]: `${name}-${template.hash}`, ...identityLabels(name, podName) }
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
export function podName(owner: string, hash: string, number: number | string): string {
  const ending = `-${hash}-${number}`
  return `${owner
    .replaceAll('.', '-')
    .slice(0, 63 - ending.length)
    .replace(/-+$/, '')}${ending}`
}

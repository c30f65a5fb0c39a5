// Small factories for planner tests: a Deployment, pods, hosts, each with only what the test is about.
import type { Container, Deployment, Pod, PodSpec, ReplicaSet } from '../../../src/manifests/types.ts'
import { containersFor } from '../../../src/reconcile/plan/containers.ts'
import type {
  DesiredDeployment,
  DesiredPod,
  DesiredReplicaSet,
  Template,
  View,
} from '../../../src/reconcile/plan/desired.ts'
import { placedOn } from '../../../src/reconcile/plan/placement.ts'
import { resolveTemplate } from '../../../src/reconcile/plan/template.ts'
import type { ContainerHealth, LiveContainer, LiveHost, LivePod, LiveVolume } from '../../../src/runtime/live.ts'

/** The moment of every test that does not say otherwise, ms. */
export const now = 1_000_000_000

export function container(changes: Partial<Container> = {}): Container {
  return {
    name: 'app',
    image: 'web:1',
    imagePullPolicy: 'IfNotPresent',
    resources: {},
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    ...changes,
  }
}

export function podSpec(changes: Partial<PodSpec> = {}): PodSpec {
  return {
    containers: [container()],
    dnsPolicy: 'ClusterFirst',
    enableServiceLinks: true,
    restartPolicy: 'Always',
    schedulerName: 'default-scheduler',
    securityContext: {},
    terminationGracePeriodSeconds: 30,
    ...changes,
  }
}

/** A template whose hash is the given word, so that plans read well. */
export function template(hash: string, spec: PodSpec = podSpec(), namespace = 'shop'): Template {
  return { ...resolveTemplate({ spec }, namespace, 'Deployment/web', () => undefined), hash }
}

export interface DeploymentChanges {
  readonly replicas?: number
  readonly maxSurge?: number | string
  readonly maxUnavailable?: number | string
  readonly recreate?: boolean
  readonly paused?: boolean
  readonly minReadySeconds?: number
  readonly progressDeadlineSeconds?: number
  readonly since?: number
}

export function deployment(wanted: Template, changes: DeploymentChanges = {}): DesiredDeployment {
  const { maxSurge = 1, maxUnavailable = 0 } = changes
  const object: Deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'shop' },
    spec: {
      replicas: changes.replicas ?? 3,
      selector: { matchLabels: { app: 'web' } },
      progressDeadlineSeconds: changes.progressDeadlineSeconds ?? 600,
      revisionHistoryLimit: 10,
      minReadySeconds: changes.minReadySeconds ?? 0,
      paused: changes.paused ?? false,
      strategy: changes.recreate
        ? { type: 'Recreate' }
        : { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable } },
      template: { metadata: {}, spec: wanted.spec },
    },
  }
  const { replicas } = object.spec
  return {
    kind: 'Deployment',
    object,
    template: wanted,
    app: 'demo',
    commit: 'c2',
    since: changes.since ?? now,
    replicas,
  }
}

export function replicaSet(wanted: Template, replicas = 3): DesiredReplicaSet {
  const object: ReplicaSet = {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: { name: 'web', namespace: 'shop' },
    spec: { replicas, selector: {}, template: { metadata: {}, spec: wanted.spec } },
  }
  return { kind: 'ReplicaSet', object, template: wanted, app: 'demo', commit: 'c2', since: now, replicas }
}

export function barePod(wanted: Template): DesiredPod {
  const object: Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web', namespace: 'shop' },
    spec: wanted.spec,
  }
  return { kind: 'Pod', object, template: wanted, app: 'demo', commit: 'c2', since: now }
}

export function host(changes: Partial<LiveHost> = {}): LiveHost {
  return {
    name: 'local',
    reachable: true,
    message: '',
    cpuMillis: 4000,
    memoryBytes: 8 * 2 ** 30,
    images: new Map([
      ['web:1', 'sha256:1'],
      ['web:2', 'sha256:2'],
      ['sha256:1', 'sha256:1'],
      ['sha256:2', 'sha256:2'],
    ]),
    pulls: new Map(),
    networks: new Set(['shop']),
    labels: {
      'kubernetes.io/hostname': changes.name ?? 'local',
      'kubernetes.io/os': 'linux',
      'kubernetes.io/arch': 'amd64',
    },
    taints: [],
    address: '192.0.2.1',
    network: { mode: 'names', message: '', problems: [], allocations: new Map() },
    ...changes,
  }
}

export const healthy: ContainerHealth = {
  known: true,
  started: true,
  hookDone: true,
  ready: true,
  readySince: now - 60_000,
  failing: false,
  message: '',
}
export const unready: ContainerHealth = {
  ...healthy,
  ready: false,
  readySince: undefined,
  message: 'readiness: HTTP 503',
}
export const unseen: ContainerHealth = { ...unready, known: false, message: '' }

export interface PodChanges extends Partial<Omit<LivePod, 'containers'>> {
  /** Changes to every container. */
  readonly each?: Partial<LiveContainer>
  readonly containers?: readonly LiveContainer[]
}

/** A running, ready pod of a template; `web-<hash>-<n>` unless another name is given. */
export function pod(wanted: Template, number: number, changes: PodChanges = {}): LivePod {
  const name = changes.name ?? `web-${wanted.hash}-${number}`
  const ref = { host: changes.host ?? 'local', namespace: 'shop', name }
  const { each, ...rest } = changes
  const createdAt = rest.createdAt ?? now - 100_000
  const basic = { createdAt, startedAt: createdAt + 1 }
  const sandbox = liveContainer('', { ...basic, id: `${name}/sandbox` })
  const containers = containersFor(wanted, ref).map((config) =>
    liveContainer(config.name, {
      ...basic,
      id: `${name}/${config.name}`,
      image: config.image,
      imageId: `sha256:${config.image.at(-1)}`,
      config,
      startedAt: createdAt + 2,
      ...each,
    }),
  )
  return {
    ...ref,
    app: 'demo',
    owner: 'Deployment/web',
    template: wanted.hash,
    commit: 'c1',
    labels: {},
    annotations: {},
    spec: wanted.spec,
    uid: `${name}/sandbox`,
    createdAt,
    address: '10.244.0.2',
    traffic: 'none',
    leaving: false,
    leavingSince: undefined,
    contents: new Map(),
    sandbox,
    containers,
    leftovers: [],
    ...rest,
  }
}

export function liveContainer(name: string, changes: Partial<LiveContainer> = {}): LiveContainer {
  const [config] = template('none').containers
  if (!config) throw new Error('the template has no container')
  return {
    id: name,
    name,
    state: 'running',
    exitCode: 0,
    error: '',
    oomKilled: false,
    startedAt: now - 100_000,
    finishedAt: 0,
    createdAt: now - 100_000,
    restarts: 0,
    backoffMs: 0,
    last: undefined,
    image: config.image,
    imageId: 'sha256:1',
    stopping: false,
    config,
    health: healthy,
    ...changes,
  }
}

/** Changes to a container whose process ended `agoMs` ago. */
export function ended(exitCode: number, agoMs = 0, changes: Partial<LiveContainer> = {}): Partial<LiveContainer> {
  return { state: 'exited', exitCode, finishedAt: now - agoMs, health: unready, ...changes }
}

/** The end of the bare pod `web` is written down. */
export function written(hash: string, phase: 'Succeeded' | 'Failed', problem = ''): Partial<View> {
  const record: LiveVolume = {
    ...{ host: 'local', name: `record-${hash}`, app: 'demo', namespace: 'shop', subject: 'Pod/web', detail: hash },
    ...{ facts: { phase, problem }, driver: 'local', options: {}, createdAt: now },
  }
  return { volumesOf: (subject) => (subject === 'shop/Pod/web' ? [record] : []) }
}

export function view(pods: readonly LivePod[], changes: Partial<View> = {}): View {
  return {
    pods,
    hosts: [host()],
    placed: placedOn(pods),
    volumesOf: () => [],
    allPods: () => pods,
    guards: () => pods,
    refuses: () => '',
    protects: () => '',
    now,
    ...changes,
  }
}

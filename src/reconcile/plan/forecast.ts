import { keyOf } from '../../base/key.ts'
import { filledDetail } from '../../runtime/filled.ts'
import type { ContainerConfig, ContainerHealth, LiveContainer, LiveHost, LivePod } from '../../runtime/live.ts'
import type { PodRef } from '../../runtime/port.ts'
import type { Action, ObjectStatus, Plan, Task } from './action.ts'
import { policyOf } from './container-state.ts'
import type { View } from './desired.ts'
import { emptyConfig } from './empty-config.ts'
import { roleOf } from './start-order.ts'

/** Everything that would be done, in order, if each step worked and every pod became ready. */
export interface Forecast {
  readonly tasks: readonly Task[]
  /** Before anything is done. */
  readonly status: ObjectStatus
  /** False: the plan did not come to rest within the bound on looks. */
  readonly complete: boolean
}

/** Long enough for any wait for readiness; back-off and minReadySeconds pass between two looks. */
const betweenLooksMs = 24 * 3_600_000

/** Kinds for which time is a reason to do more: what they do now is what is shown. */
const timed: ReadonlySet<string> = new Set(['Job', 'CronJob'])

/**
 * Follows a planner to its end in a world without faults. The planner is the one that runs, so what is shown is what is
 * done: with 3 replicas, surge 1 and no unavailable pod allowed, a new image reads as create, stop, remove, create, stop, …
 */
export function forecast(plan: (view: View) => Plan, view: View, mostLooks = 2_000): Forecast {
  const tasks: Task[] = []
  const { status } = plan(view)
  let world = withoutTraffic(view)
  for (let look = 0; look < mostLooks; look++) {
    const next = plan(world)
    if (next.tasks.length === 0) return { tasks, status, complete: true }
    tasks.push(...next.tasks)
    const after = next.tasks.flatMap((task) => task.actions).reduce(ideal, world)
    world = { ...after, placed: view.placed, now: world.now + (isTimed(status.kind, after) ? 0 : betweenLooksMs) }
  }
  return { tasks, status, complete: false }
}

/** Traffic comes and goes without a step of its own: what is shown is the same with and without. */
function withoutTraffic(view: View): View {
  return { ...view, pods: view.pods.map((pod) => ({ ...pod, traffic: 'none' })) }
}

/** A pod may run out of time while nothing happens to it. */
function isTimed(kind: string, { pods }: View): boolean {
  return timed.has(kind) || pods.some(({ spec }) => spec?.activeDeadlineSeconds !== undefined)
}

/** The world after one action that worked. */
export function ideal(view: View, action: Action): View {
  switch (action.kind) {
    case 'ensureNetwork':
      return onHost(view, action.host, (host) => ({ ...host, networks: new Set([...host.networks, action.namespace]) }))
    case 'removeNetwork':
      return onHost(view, action.host, (host) => ({
        ...host,
        networks: new Set([...host.networks].filter((namespace) => namespace !== action.namespace)),
      }))
    case 'pull':
      return onHost(view, action.host, (host) => ({
        ...host,
        images: new Map([...host.images, [action.image, host.images.get(action.image) ?? action.image]]),
        pulls: new Map([...host.pulls, [action.image, { state: 'done', attempts: 0, at: view.now, message: '' }]]),
      }))
    case 'createVolume':
    case 'removeVolume':
      return volumeChanged(view, action)
    case 'fillVolume':
      return volumeChanged(view, recordOf(action))
    case 'createSandbox':
      return { ...view, pods: [...view.pods, plannedPod(action, view.now)].sort((a, b) => (a.name < b.name ? -1 : 1)) }
    default:
      return {
        ...view,
        pods: view.pods.map((pod) => (isOf(pod, action.pod) ? changed(pod, action, view.now) : pod)).filter(isThere),
      }
  }
}

type PodAction = Exclude<
  Action,
  {
    kind: 'ensureNetwork' | 'removeNetwork' | 'pull' | 'createSandbox' | 'createVolume' | 'removeVolume' | 'fillVolume'
  }
>

/** How a copy into a volume shows that it is whole. */
function recordOf({ host, fill }: Extract<Action, { kind: 'fillVolume' }>): Extract<Action, { kind: 'createVolume' }> {
  const { namespace, subject } = fill
  const volume = { app: '', namespace, subject, detail: filledDetail, facts: {}, driver: 'local', options: {} }
  return { kind: 'createVolume', host, volume }
}

function volumeChanged(view: View, action: Extract<Action, { kind: 'createVolume' | 'removeVolume' }>): View {
  const before = view.volumesOf
  if (action.kind === 'removeVolume') {
    return { ...view, volumesOf: (key) => before(key).filter(({ name }) => name !== action.name) }
  }
  const { volume, host } = action
  const [kind = '', name = ''] = volume.subject.split('/')
  const owner = keyOf({ namespace: volume.namespace, kind, name })
  const made = { ...volume, host, name: `forecast/${volume.subject}/${volume.detail}`, createdAt: view.now }
  return { ...view, volumesOf: (key) => (key === owner ? [...before(key), made] : before(key)) }
}

function changed(pod: LivePod, action: PodAction, now: number): LivePod {
  switch (action.kind) {
    case 'createContainer':
      return { ...pod, containers: [...pod.containers, container(action.config.name, action.config, now, 0)] }
    case 'recreateContainer': {
      const old = pod.containers.find((one) => one.id === action.id)
      if (!old) return pod
      const next = {
        ...container(old.name, old.config, now, action.attempt.restarts),
        backoffMs: action.attempt.backoffMs,
        last: action.attempt.last,
      }
      return {
        ...pod,
        containers: pod.containers.map((one) => (one.id === action.id ? next : one)),
        leftovers: [...pod.leftovers, old],
      }
    }
    case 'start':
      return action.container === ''
        ? { ...pod, sandbox: pod.sandbox && running(pod.sandbox, now), address: pod.address ?? '10.0.0.1' }
        : eachContainer(pod, (one) => (one.name === action.container ? started(one, pod, now) : one))
    case 'setUpVolumes': {
      const versions = action.volumes.flatMap(({ volume, contents }): [string, string][] =>
        contents ? [[volume, contents.version]] : [],
      )
      return { ...pod, contents: new Map([...pod.contents, ...versions]) }
    }
    case 'update':
      return eachContainer(pod, (one) =>
        one.id === action.id ? { ...one, config: { ...one.config, resources: action.resources } } : one,
      )
    case 'unpause':
      return withId(pod, action.id, (one) => ({ ...one, state: 'running' }))
    case 'markLeaving':
      return { ...pod, leaving: true, leavingSince: now }
    case 'stop':
      return withId(pod, action.id, (one) => ({ ...one, state: 'exited', finishedAt: now, stopping: false }))
    case 'remove':
      return {
        ...pod,
        sandbox: pod.sandbox?.id === action.id ? undefined : pod.sandbox,
        containers: pod.containers.filter((one) => one.id !== action.id),
        leftovers: pod.leftovers.filter((one) => one.id !== action.id),
      }
    default:
      return action satisfies never
  }
}

function onHost(view: View, name: string, change: (host: LiveHost) => LiveHost): View {
  return { ...view, hosts: view.hosts.map((host) => (host.name === name ? change(host) : host)) }
}

function eachContainer(pod: LivePod, change: (one: LiveContainer) => LiveContainer): LivePod {
  return { ...pod, containers: pod.containers.map(change) }
}

/** The sandbox, too. */
function withId(pod: LivePod, id: string, change: (one: LiveContainer) => LiveContainer): LivePod {
  const same = (one: LiveContainer): LiveContainer => (one.id === id ? change(one) : one)
  return eachContainer({ ...pod, sandbox: pod.sandbox && same(pod.sandbox) }, same)
}

function isOf(pod: LivePod, ref: PodRef): boolean {
  return pod.name === ref.name && pod.namespace === ref.namespace && pod.host === ref.host
}

function isThere(pod: LivePod): boolean {
  return pod.sandbox !== undefined || pod.containers.length > 0 || pod.leftovers.length > 0
}

/** A pod that its sandbox is about to be made for. */
export function plannedPod({ pod, sandbox }: Extract<Action, { kind: 'createSandbox' }>, now: number): LivePod {
  const { app, owner, template, commit, labels, annotations, spec } = sandbox
  const id = `forecast/${pod.namespace}/${pod.name}`
  return {
    ...pod,
    app,
    owner,
    template,
    commit,
    labels,
    annotations,
    spec,
    uid: id,
    createdAt: now,
    address: undefined,
    traffic: 'none',
    leaving: false,
    leavingSince: undefined,
    contents: new Map(),
    sandbox: { ...container('', emptyConfig, now, 0), id },
    containers: [],
    leftovers: [],
  }
}

const unready: ContainerHealth = {
  known: true,
  started: false,
  hookDone: false,
  ready: false,
  readySince: undefined,
  failing: false,
  message: '',
}

/** What is not to run for ever has done its work, and well, by the next look. */
function started(one: LiveContainer, pod: LivePod, now: number): LiveContainer {
  const role = roleOf(pod.spec, one.name)
  const ends = role === 'init' || (role === 'main' && policyOf(pod) !== 'Always')
  return ends ? { ...running(one, now), state: 'exited', finishedAt: now, health: unready } : running(one, now)
}

function running(one: LiveContainer, now: number): LiveContainer {
  const health = {
    known: true,
    started: true,
    hookDone: true,
    ready: true,
    readySince: now,
    failing: false,
    message: '',
  }
  return { ...one, state: 'running', startedAt: now, health }
}

function container(name: string, config: ContainerConfig, now: number, restarts: number): LiveContainer {
  return {
    id: `forecast/${name}/${restarts}/${now}`,
    name,
    state: 'created',
    exitCode: 0,
    error: '',
    oomKilled: false,
    startedAt: 0,
    finishedAt: 0,
    createdAt: now,
    restarts,
    backoffMs: 0,
    last: undefined,
    image: config.image,
    imageId: config.image,
    stopping: false,
    config,
    health: unready,
  }
}

import type { ContainerConfig, LastEnd, LiveContainer, LiveHost, LivePod } from '../../runtime/live.ts'
import type { Attempt, PodRef, VolumeSetup } from '../../runtime/port.ts'
import type { Action, Effect, Task } from './action.ts'
import {
  backoffOf,
  endedAt,
  endReason,
  endText,
  hasEnded,
  isAlive,
  isCutOff,
  lastWords,
  restarts,
} from './container-state.ts'
import { deadlineOf } from './deadline.ts'
import { type Progress, progressOf } from './progress.ts'
import { roleOf } from './start-order.ts'
import { earliest, type LookAgain } from './time.ts'
import { directorySetups } from './volumes-of-pod.ts'

/** What one pod needs to run as it was made, and when to look at it again. */
export interface Upkeep {
  readonly task: Task | undefined
  readonly again: LookAgain | undefined
}

/** One repair: its actions, what it does in words, and why. */
interface Repair {
  readonly actions: readonly Action[]
  readonly text: string
  readonly cause: string
  readonly effect: Effect
  readonly again?: LookAgain
}

export interface UpkeepView {
  readonly now: number
  readonly host: LiveHost
  /** The pod's configuration as it should be; empty for a pod of an old template, which is only kept as it is. */
  readonly configs: readonly ContainerConfig[]
  /** Changes that Docker makes in place, and what differs. */
  readonly updates: readonly Action[]
  readonly updateCause: string
  /** What its volumes need before the containers that are due may start. */
  readonly volumes: (due: ReadonlySet<string>) => readonly VolumeSetup[]
  /** Those whose files are others now. */
  readonly changed: readonly VolumeSetup[]
  /** What its containers are to read is missing: none is started. */
  readonly waits: boolean
}

/** What the repairs of one pod's containers look at. */
interface Bench {
  readonly pod: LivePod
  readonly ref: PodRef
  readonly now: number
  readonly progress: Progress
  /** The same task starts the sandbox. */
  readonly sandboxStarts: boolean
  /** The sandbox ended before what runs in it, and starts again after that. */
  readonly outlived: boolean
  /**
   * No container is started: their configuration is missing, or what ran before the sandbox was started again has to end before init
   * containers may run, which expect to be alone.
   */
  readonly held: boolean
}

/**
 * Keeps a pod that is to stay: starts what does not run, each container when its turn has come, makes again what ended (as the restart
 * policy and its back-off say), stops what its probes gave up, finishes what was half made. One pod, one task: its actions never race
 * each other.
 */
export function planUpkeep(pod: LivePod, view: UpkeepView): Upkeep {
  const ref = podRef(pod)
  const sandbox = repairSandbox(pod, ref, view)
  const starts = sandbox !== undefined && pod.sandbox?.state !== 'paused'
  const { now } = view
  const cutOff = pod.containers.some((one) => isAlive(one) && isCutOff(one, pod, now))
  const clearing = cutOff && pod.spec?.initContainers !== undefined
  const held = clearing || view.waits
  const progress = progressOf(pod, now)
  const bench = { pod, ref, now, progress, sandboxStarts: starts, outlived: isOutlived(pod), held }
  const containers = containerRepairs(bench, view).filter((repair) => repair !== undefined)
  const volumes = repairVolumes(bench, view, containers)
  const repairs = [sandbox, volumes, ...containers, inPlace(view), leftovers(pod, ref)]
  const found = repairs.filter((repair) => repair !== undefined)
  const main = found.find((repair) => repair.actions.length > 0)
  return {
    again: earliest([...found.map((repair) => repair.again), deadlineLook(pod)]),
    task: main && {
      host: pod.host,
      text: `${main.text} of pod ${pod.name}`,
      cause: main.cause,
      effect: found.some((repair) => repair.effect === 'restart') ? 'restart' : main.effect,
      actions: found.flatMap((repair) => repair.actions),
    },
  }
}

function deadlineLook(pod: LivePod): LookAgain | undefined {
  const at = deadlineOf(pod)
  return at === undefined ? undefined : { at, reason: `pod ${pod.name} has run long enough (activeDeadlineSeconds)` }
}

export function podRef(pod: LivePod): PodRef {
  return { host: pod.host, namespace: pod.namespace, name: pod.name }
}

/**
 * Something still runs in a sandbox that ended, without a network. It ends before the sandbox starts again, as in Kubernetes: afterwards
 * nothing but the times of both would say that it is cut off, and these mean nothing where the clock was set back.
 */
function isOutlived({ sandbox, containers }: LivePod): boolean {
  return sandbox?.state === 'exited' && containers.some(isAlive)
}

function repairSandbox(pod: LivePod, ref: PodRef, view: UpkeepView): Repair | undefined {
  const sandbox = pod.sandbox
  if (!sandbox) return undefined
  if (sandbox.state === 'paused') {
    const unpause: Action = { kind: 'unpause', pod: ref, id: sandbox.id }
    return { actions: [unpause], text: 'unpause sandbox', cause: 'it was paused', effect: 'inPlace' }
  }
  if ((sandbox.state !== 'created' && sandbox.state !== 'exited') || isOutlived(pod)) return undefined
  const start: Action = { kind: 'start', pod: ref, container: '' }
  const network: Action[] = view.host.networks.has(pod.namespace)
    ? []
    : [{ kind: 'ensureNetwork', host: pod.host, namespace: pod.namespace }]
  return sandbox.state === 'created'
    ? { actions: [...network, start], text: 'start sandbox', cause: 'it was not started yet', effect: 'none' }
    : { actions: [...network, start], text: 'start sandbox', cause: 'it ended', effect: 'restart' }
}

/** Once before the first container starts after the sandbox did, and whenever files change. */
function repairVolumes(bench: Bench, view: UpkeepView, containers: readonly Repair[]): Repair | undefined {
  const { pod, ref, progress, sandboxStarts } = bench
  if (!sandboxStarts && pod.sandbox?.state !== 'running') return undefined
  const first = !progress.started && containers.some(({ actions }) => actions.some(({ kind }) => kind === 'start'))
  const volumes = first ? view.volumes(progress.due) : sandboxStarts ? [] : view.changed
  if (volumes.length === 0) return undefined
  const actions: Action[] = [{ kind: 'setUpVolumes', pod: ref, volumes }]
  const names = volumes.map(({ volume }) => volume).join(', ')
  return first
    ? { actions, text: 'set up volumes', cause: 'its containers are about to start', effect: 'none' }
    : {
        actions,
        text: 'update config',
        cause: `${volumes.length === 1 ? 'volume' : 'volumes'} ${names}`,
        effect: 'inPlace',
      }
}

function containerRepairs(bench: Bench, view: UpkeepView): readonly (Repair | undefined)[] {
  const { pod, sandboxStarts, outlived } = bench
  if (outlived) return pod.containers.filter(isAlive).map((container) => repairLiving(container, bench))
  if (!sandboxStarts && pod.sandbox?.state !== 'running') return []
  const existing = pod.containers.map((container) => {
    if (hasEnded(container)) return repairEnded(container, bench)
    return repairLiving(container, bench)
  })
  return [...existing, repairMissing(bench, view)]
}

/** A container that the pod's spec does not know has no turn to wait for. */
function isDue(container: LiveContainer, { pod, progress, held }: Bench): boolean {
  if (held) return false
  return pod.spec === undefined || progress.due.has(container.name)
}

function repairMissing(bench: Bench, view: UpkeepView): Repair | undefined {
  const { pod, ref, progress, held } = bench
  const missing = new Set(progress.missing)
  const configs = view.configs.filter((config) => missing.has(config.name))
  if (configs.length === 0 || held) return undefined
  const turn = progress.steps && pod.containers.length > 0
  return {
    actions: [
      ...directories(configs, bench),
      ...configs.map((config): Action => ({ kind: 'createContainer', pod: ref, config })),
      ...configs.map((config): Action => ({ kind: 'start', pod: ref, container: config.name })),
    ],
    text: `create ${named(configs.map((config) => config.name))}`,
    cause: turn ? turnCause(pod, progress) : pod.containers.length === 0 ? 'the pod was half made' : 'missing',
    effect: turn ? 'none' : 'restart',
  }
}

/** What containers of a later stage mount of volumes that were set up for the first. */
function directories(configs: readonly ContainerConfig[], { pod, ref, progress }: Bench): readonly Action[] {
  const volumes = progress.started ? directorySetups(pod, configs) : []
  return volumes.length > 0 ? [{ kind: 'setUpVolumes', pod: ref, volumes }] : []
}

/** Why the next containers are made now. */
function turnCause({ spec }: LivePod, { due, done, initialized }: Progress): string {
  const inits = spec?.initContainers ?? []
  if (initialized) return 'the postStart hook before it has ended'
  if (spec?.containers.some(({ name }) => due.has(name))) return 'initialized'
  return `init container ${inits.filter(({ name }) => done.has(name) || due.has(name)).length} of ${inits.length}`
}

/** The container's process runs, or is about to. */
function repairLiving(container: LiveContainer, bench: Bench): Repair | undefined {
  const { pod, ref, now, outlived } = bench
  const subject = `container ${container.name}`
  if (container.state === 'created') {
    if (!isDue(container, bench)) return undefined
    const start: Action = { kind: 'start', pod: ref, container: container.name }
    const actions = [...directories([container.config], bench), start]
    return { actions, text: `start ${subject}`, cause: 'it was not started yet', effect: 'none' }
  }
  if (container.state === 'paused') {
    const unpause: Action = { kind: 'unpause', pod: ref, id: container.id }
    return { actions: [unpause], text: `unpause ${subject}`, cause: 'it was paused', effect: 'inPlace' }
  }
  if (container.state !== 'running' || container.stopping) return undefined
  const stop: Action = { kind: 'stop', pod: ref, id: container.id, graceMs: graceMs(pod) }
  if (outlived || isCutOff(container, pod, now)) {
    const cause = outlived ? 'its sandbox ended' : 'its sandbox was restarted'
    return { actions: [stop], text: `restart ${subject}`, cause, effect: 'restart' }
  }
  if (!container.health.failing) return undefined
  return {
    actions: [{ ...stop, graceMs: probeGraceMs(container, pod) }],
    text: `restart ${subject}`,
    cause: container.health.message,
    effect: 'restart',
  }
}

function repairEnded(container: LiveContainer, bench: Bench): Repair | undefined {
  const { pod, ref, now, sandboxStarts } = bench
  const withSandbox = sandboxStarts || isCutOff(container, pod, now)
  if (!isDue(container, bench) || !runsAgain(container, bench, withSandbox)) return undefined
  const next = backoffOf(container, now)
  if (next.at > now && !withSandbox) {
    const again = { at: next.at, reason: `container ${container.name} of pod ${pod.name} starts again` }
    return { actions: [], text: '', cause: '', effect: 'none', again }
  }
  const attempt: Attempt = {
    restarts: container.restarts + 1,
    backoffMs: withSandbox ? container.backoffMs : next.waitMs,
    last: lastEndOf(container),
  }
  return {
    actions: [
      ...(withSandbox ? directories([container.config], bench) : []),
      { kind: 'recreateContainer', pod: ref, id: container.id, attempt },
      { kind: 'start', pod: ref, container: container.name },
      { kind: 'remove', pod: ref, id: container.id },
    ],
    text: `restart container ${container.name}`,
    cause: withSandbox ? 'its sandbox was restarted' : `${endText(container)}${lastWords(container)}`,
    effect: 'restart',
  }
}

function lastEndOf(container: LiveContainer): LastEnd {
  const { exitCode, message } = container
  const end = { exitCode, reason: endReason(container), finishedAt: endedAt(container) }
  return message === undefined ? end : { ...end, message }
}

/** Also an init container that ended well before its sandbox was started again. */
function runsAgain(container: LiveContainer, { pod }: Bench, withSandbox: boolean): boolean {
  if (restarts(container, pod)) return true
  return withSandbox && container.exitCode === 0 && roleOf(pod.spec, container.name) === 'init'
}

function inPlace(view: UpkeepView): Repair | undefined {
  if (view.updates.length === 0) return undefined
  return { actions: view.updates, text: 'update resources', cause: view.updateCause, effect: 'inPlace' }
}

/** Containers of earlier attempts: their removal was cut short. */
function leftovers(pod: LivePod, ref: PodRef): Repair | undefined {
  if (pod.leftovers.length === 0) return undefined
  const actions = pod.leftovers.map((container): Action => ({ kind: 'remove', pod: ref, id: container.id }))
  return { actions, text: 'remove ended containers', cause: 'replaced by a later attempt', effect: 'none' }
}

/** The probe that gave the container up may have a grace period of its own. */
function probeGraceMs(container: LiveContainer, pod: LivePod): number {
  const all = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])]
  const spec = all.find((candidate) => candidate.name === container.name)
  const probe = container.health.started ? spec?.livenessProbe : spec?.startupProbe
  const seconds = probe?.terminationGracePeriodSeconds
  return seconds === undefined ? graceMs(pod) : seconds * 1000
}

export function graceMs(pod: LivePod): number {
  return (pod.spec?.terminationGracePeriodSeconds ?? 30) * 1000
}

export function named(names: readonly string[]): string {
  return `${names.length === 1 ? 'container' : 'containers'} ${names.join(', ')}`
}

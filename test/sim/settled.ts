// Whether the world is as the last commit says.
import type { Desired, DesiredCronJob, DesiredJob, Workload } from '../../src/reconcile/plan/desired.ts'
import { ordinalOf } from '../../src/reconcile/plan/stateful-set-identity.ts'
import type { Box } from './fake-docker.ts'
import { claimTemplate } from './objects.ts'
import { ownerOf, runOfSpec } from './runs.ts'
import type { Truth } from './truth.ts'

export interface World {
  readonly truth: Truth
  /** What is in the ConfigMap. */
  readonly setting: string
}

/** How the world differs from what is wanted; empty: it does not. */
export function unlike(desired: Desired, world: World): string {
  switch (desired.kind) {
    case 'Namespace':
      return ''
    case 'PersistentVolumeClaim':
      return dataProblem(world, desired.object.metadata.name)
    case 'Job':
      return jobProblem(desired, world)
    case 'CronJob':
      return historyProblem(desired, world)
    case 'StatefulSet':
      return servingProblem(desired, world) || ordinalsProblem(desired, world)
    default:
      return servingProblem(desired, world)
  }
}

type Serving = Exclude<Workload, { kind: 'Job' | 'CronJob' }>

function servingProblem(desired: Serving, world: World): string {
  const { truth } = world
  const owner = ownerOf(desired)
  const sandboxes = truth.sandboxes(owner)
  const wanted = countOf(desired, truth)
  if (sandboxes.length !== wanted) return `${sandboxes.length} pods, wanted ${wanted}`
  const old = sandboxes.find((box) => box.mark.template !== desired.template.hash && !staysOld(desired, box))
  if (old) return `${old.pod} is of an old revision`
  const broken = sandboxes.find((box) => !truth.isAvailable(box, 0) && !mayStayBroken(desired, box))
  if (broken) return `${broken.pod} is not available`
  return editedProblem(desired, world) || contentsProblem(desired, sandboxes, world)
}

function countOf(desired: Serving, truth: Truth): number {
  if (desired.kind === 'Pod') return 1
  if (desired.kind !== 'DaemonSet') return desired.object.spec.replicas
  return hostsOf(desired.template.spec.nodeSelector?.zone, truth).length
}

function hostsOf(zone: string | undefined, { engines }: Truth): string[] {
  return [...engines.values()].filter(({ labels }) => !zone || labels.zone === zone).map(({ name }) => name)
}

/** Pods that keep the revision that they were made from. */
function staysOld(desired: Serving, { pod }: Box): boolean {
  if (desired.kind === 'ReplicaSet') return true
  if (desired.kind === 'DaemonSet') return desired.object.spec.updateStrategy.type === 'OnDelete'
  if (desired.kind !== 'StatefulSet') return false
  const { updateStrategy, ordinals } = desired.object.spec
  if (updateStrategy.type === 'OnDelete') return true
  const ordinal = ordinalOf(desired.object.metadata.name, pod) ?? 0
  return ordinal < (ordinals?.start ?? 0) + (updateStrategy.rollingUpdate?.partition ?? 0)
}

/** A pod of an old revision that is not replaced runs what it runs, good or bad. */
function mayStayBroken(desired: Serving, box: Box): boolean {
  return desired.kind !== 'ReplicaSet' && staysOld(desired, box) && box.mark.template !== desired.template.hash
}

/** Some pods keep a revision that may be bad, so that nobody can say how well the whole is. */
export function keepsOldPods(desired: Desired | undefined, truth: Truth): boolean {
  if (desired?.kind !== 'DaemonSet' && desired?.kind !== 'StatefulSet') return false
  return truth.sandboxes(ownerOf(desired)).some((box) => mayStayBroken(desired, box))
}

function editedProblem(desired: Serving, { truth }: World): string {
  const { hash } = desired.template
  const edited = truth
    .boxesOf(ownerOf(desired))
    .filter((box) => box.mark.template === hash && !staysOld(desired, box))
    .find((box) => box.config.env.some(({ value }) => value === 'by hand'))
  return edited ? `${edited.pod} stays as it was edited` : mixedProblem(desired, truth)
}

/** Two programs under one revision. */
function mixedProblem(desired: Serving, truth: Truth): string {
  const apps = truth.boxesOf(ownerOf(desired)).filter((box) => box.name === 'app' && box.state === 'running')
  const ids = new Set(apps.filter((box) => box.mark.template === desired.template.hash).map((box) => box.imageId))
  return ids.size > 1 && truth.engines.size === 1 ? `one revision runs ${[...ids].join(' and ')}` : ''
}

/** Every running pod that reads the ConfigMap as files, or was made with it in its environment, has it as it is now. */
function contentsProblem({ template }: Serving, sandboxes: readonly Box[], { truth, setting }: World): string {
  for (const sandbox of sandboxes.filter(({ mark }) => mark.template === template.hash)) {
    const text = sandbox.texts.get('settings')
    if (sandbox.sandbox?.spec.volumes?.some(({ name }) => name === 'settings') && text !== setting) {
      return `${sandbox.pod} has files with ${text}, wanted ${setting}`
    }
    const found = truth.containerOf(sandbox, 'app')?.config.env.find(({ name }) => name === 'SETTING')?.value
    if (found !== undefined && found !== setting) return `${sandbox.pod} has ${found} in its environment`
  }
  return ''
}

function ordinalsProblem(desired: Extract<Serving, { kind: 'StatefulSet' }>, { truth }: World): string {
  const { name } = desired.object.metadata
  const { ordinals, replicas } = desired.object.spec
  const start = ordinals?.start ?? 0
  for (let ordinal = start; ordinal < start + replicas; ordinal += 1) {
    const pod = truth.sandboxes(ownerOf(desired)).find((box) => box.pod === `${name}-${ordinal}`)
    if (!pod) return `${name}-${ordinal} is missing`
    const data = truth.volumesOf(`PersistentVolumeClaim/${claimTemplate}-${pod.pod}`)
    if (data.length !== 1) return `claim of ${pod.pod} has its data ${data.length} times`
    if (data[0]?.live.host !== pod.host) return `${pod.pod} is not where its data is`
  }
  return ''
}

function dataProblem({ truth }: World, claim: string): string {
  const data = truth.volumesOf(`PersistentVolumeClaim/${claim}`)
  return data.length > 1 ? `it has its data ${data.length} times` : ''
}

/** A program that cannot end well leads to a failure; what was killed on the way may have made one of any other. */
function jobProblem(desired: DesiredJob, { truth }: World): string {
  const owner = ownerOf(desired)
  const { hash } = desired.template
  const { suspend } = desired.object.spec
  const record = truth.volumesOf(owner).find(({ live }) => live.detail === hash)
  const image = desired.template.spec.containers[0]?.image ?? ''
  if (!record) {
    const running = truth.boxesOf(owner).some((box) => box.name !== '' && box.state === 'running')
    if (!suspend) return 'it has not ended'
    return running ? 'it is suspended and runs' : ''
  }
  const stray = truth.boxesOf(owner).find((box) => box.name !== '' && box.state === 'running')
  if (stray) return `${stray.pod} runs after the end`
  const { outcome } = record.live.facts
  return image.startsWith('fail') && outcome !== 'Failed' ? `it is ${outcome}` : ''
}

/** Runs that have ended leave no more pods than the limits of the history say. */
function historyProblem(desired: DesiredCronJob, { truth }: World): string {
  const owner = ownerOf(desired)
  const { successfulJobsHistoryLimit, failedJobsHistoryLimit } = desired.object.spec
  const left = new Set(truth.sandboxes(owner).flatMap(({ sandbox }) => (sandbox ? [runOfSpec(sandbox)] : [])))
  const records = new Map(truth.volumesOf(owner).map(({ live }) => [`${owner}@${live.detail}`, live.facts.outcome]))
  for (const [outcome, most] of [
    ['Complete', successfulJobsHistoryLimit],
    ['Failed', failedJobsHistoryLimit],
  ] as const) {
    const kept = [...left].filter((run) => records.get(run) === outcome)
    if (kept.length > (most ?? Number.POSITIVE_INFINITY))
      return `${kept.length} ${outcome} runs are kept, ${most} may be`
  }
  return ''
}

import { copied } from './clean.ts'
import { autoscalerV1, autoscalerV2beta1, oldestAutoscaler } from './legacy-autoscaler.ts'
import { type Move, mapAt, type Plain } from './legacy-moves.ts'
import { oldIngress, oldSlice } from './legacy-network.ts'
import type { Path } from './position.ts'
import type { Doc } from './read.ts'

/** A document of an apiVersion that Kubernetes served once, as it is written today. */
export interface Converted {
  readonly document: Doc
  /** What its author should know. */
  readonly note: string
}

type Convert = (object: Plain) => readonly Move[]

const stays: Convert = () => []
const apps = 'apps/v1'
const networking = 'networking.k8s.io/v1'
const manyRevisions = 2 ** 31 - 1

/** By `apiVersion kind`: today's apiVersion, and what has to be done to the object so that it means the same. */
const conversions: Readonly<Record<string, readonly [string, Convert]>> = {
  'extensions/v1beta1 Deployment': [apps, oldestDeployment],
  'apps/v1beta1 Deployment': [apps, oldDeployment],
  'apps/v1beta2 Deployment': [apps, stays],
  'extensions/v1beta1 ReplicaSet': [apps, withSelector],
  'apps/v1beta2 ReplicaSet': [apps, stays],
  'extensions/v1beta1 DaemonSet': [apps, onDelete],
  'apps/v1beta2 DaemonSet': [apps, stays],
  'apps/v1beta1 StatefulSet': [apps, onDelete],
  'apps/v1beta2 StatefulSet': [apps, stays],
  'extensions/v1beta1 Job': ['batch/v1', stays],
  'batch/v1beta1 CronJob': ['batch/v1', stays],
  'batch/v2alpha1 CronJob': ['batch/v1', stays],
  'policy/v1beta1 PodDisruptionBudget': ['policy/v1', oldBudget],
  'storage.k8s.io/v1beta1 StorageClass': ['storage.k8s.io/v1', stays],
  'extensions/v1beta1 Ingress': [networking, oldIngress],
  'networking.k8s.io/v1beta1 Ingress': [networking, oldIngress],
  'networking.k8s.io/v1beta1 IngressClass': [networking, stays],
  'extensions/v1beta1 NetworkPolicy': [networking, stays],
  'discovery.k8s.io/v1beta1 EndpointSlice': ['discovery.k8s.io/v1', oldSlice],
  'extensions/v1beta1 HorizontalPodAutoscaler': ['autoscaling/v2', oldestAutoscaler],
  'autoscaling/v1 HorizontalPodAutoscaler': ['autoscaling/v2', autoscalerV1],
  'autoscaling/v2beta1 HorizontalPodAutoscaler': ['autoscaling/v2', autoscalerV2beta1],
  'autoscaling/v2beta2 HorizontalPodAutoscaler': ['autoscaling/v2', stays],
}

/** Undefined: the document is of today, or of a version that cannot be converted. Paths lead to the file as it was written. */
export function converted(document: Doc): Converted | undefined {
  const title = `${document.apiVersion} ${document.kind}`
  const row = Object.hasOwn(conversions, title) ? conversions[title] : undefined
  if (!row) return undefined
  const [apiVersion, convert] = row
  const value: Plain = { ...copied(document.value), apiVersion }
  const moves = convert(value)
  const written = (path: Path) => writtenPath(document.written(path), moves)
  return {
    document: { ...document, apiVersion, value, written, at: (path) => document.at(written(path)) },
    note: `an old version: read as ${apiVersion}`,
  }
}

/** The longest move that leads to the path, or to something around it, undone. */
function writtenPath(path: Path, moves: readonly Move[]): Path {
  let best: Move | undefined
  for (const move of moves) {
    const [to] = move
    const leads = to.length <= path.length && to.every((part, index) => part === path[index])
    if (leads && to.length > (best?.[0].length ?? 0)) best = move
  }
  return best ? [...best[1], ...path.slice(best[0].length)] : path
}

/** Without a selector it was made of the labels of the template. */
function withSelector(object: Plain): readonly Move[] {
  const spec = mapAt(object, 'spec')
  const labels = mapAt(spec, 'template', 'metadata', 'labels')
  if (!spec || !labels || (spec.selector ?? undefined) !== undefined) return []
  spec.selector = { matchLabels: copied(labels) }
  return [
    [
      ['spec', 'selector', 'matchLabels'],
      ['spec', 'template', 'metadata', 'labels'],
    ],
  ]
}

/** One pod more and one less, whatever the number; no deadline, and no end of history. */
function oldestDeployment(object: Plain): readonly Move[] {
  const moves = withSelector(object)
  const spec = mapAt(object, 'spec')
  if (!spec) return moves
  delete spec.rollbackTo
  spec.progressDeadlineSeconds ??= manyRevisions
  spec.strategy ??= {}
  const strategy = mapAt(spec, 'strategy')
  if (strategy && (strategy.type ?? 'RollingUpdate') === 'RollingUpdate') {
    strategy.rollingUpdate ??= {}
    const rolling = mapAt(strategy, 'rollingUpdate')
    if (rolling) {
      rolling.maxSurge ??= 1
      rolling.maxUnavailable ??= 1
    }
  }
  return moves
}

function oldDeployment(object: Plain): readonly Move[] {
  delete mapAt(object, 'spec')?.rollbackTo
  return withSelector(object)
}

/** Of a DaemonSet or StatefulSet: pods were not replaced unless the manifest asked for it. */
function onDelete(object: Plain): readonly Move[] {
  const spec = mapAt(object, 'spec')
  if (spec) {
    delete spec.templateGeneration
    spec.updateStrategy ??= {}
    const strategy = mapAt(spec, 'updateStrategy')
    if (strategy) strategy.type ??= 'OnDelete'
  }
  return withSelector(object)
}

/** An empty selector meant no pods, today it means all of the namespace. */
function oldBudget(object: Plain): readonly Move[] {
  const spec = mapAt(object, 'spec')
  const selector = mapAt(spec, 'selector')
  const isEmpty = selector && Object.values(selector).every((part) => isEmptyPart(part))
  if (spec && isEmpty) delete spec.selector
  return []
}

function isEmptyPart(part: unknown): boolean {
  return part === undefined || part === null || (typeof part === 'object' && Object.keys(part).length === 0)
}

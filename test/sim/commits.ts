// The repository of the simulated world: a few workloads, of which each commit changes one thing.
import type { Key } from '../../src/base/key.ts'
import type { Deployment, ObjectMeta, Pod, PodSpec, ReplicaSet } from '../../src/manifests/types.ts'
import type { Desired, Template } from '../../src/reconcile/plan/desired.ts'
import { resolveTemplate } from '../../src/reconcile/plan/template.ts'
import type { Dice } from './dice.ts'

type WorkloadDesired = Extract<Desired, { readonly kind: 'Pod' | 'ReplicaSet' | 'Deployment' }>

export type { WorkloadDesired as Workload }

/** All that a commit may change of one object. */
export interface Content {
  readonly kind: WorkloadDesired['kind']
  readonly name: string
  readonly replicas: number
  readonly image: string
  readonly level: number
  readonly cpu: string
  readonly surge: number | string
  readonly unavailable: number | string
  readonly paused: boolean
  readonly recreate: boolean
  readonly minReadySeconds: number
  readonly hostPort: number | undefined
}

export const namespace = 'shop'

const plain: Content = {
  kind: 'Deployment',
  name: 'web',
  replicas: 3,
  image: 'good:1',
  level: 1,
  cpu: '100m',
  surge: 1,
  unavailable: 0,
  paused: false,
  recreate: false,
  minReadySeconds: 0,
  hostPort: undefined,
}

export const firstCommit: readonly Content[] = [
  plain,
  { ...plain, name: 'api', replicas: 2, surge: '25%', unavailable: '50%', minReadySeconds: 2 },
  { ...plain, kind: 'ReplicaSet', name: 'cache', replicas: 2 },
  { ...plain, kind: 'Pod', name: 'solo', replicas: 1 },
]

export function keyOfContent({ kind, name }: Content): Key {
  return `${namespace}/${kind}/${name}`
}

/** One change to one object; undefined: the object is deleted. */
export function changed(content: Content, dice: Dice): Content | undefined {
  const change = dice.pick(changes) ?? ((same: Content) => same)
  return change(content, dice)
}

const images = ['good:1', 'good:2', 'good:3', 'slow:1', 'crash:1', 'never:1', 'sick:1', 'missing:1']

type Change = (content: Content, dice: Dice) => Content | undefined

const changes: readonly Change[] = [
  (content, dice) => (content.kind === 'Pod' ? content : { ...content, replicas: dice.between(0, 5) }),
  newImage,
  newImage,
  (content) => ({ ...content, level: content.level + 1 }),
  (content, dice) => ({ ...content, surge: dice.pick([0, 1, 2, '25%', '100%']) ?? 1 }),
  (content, dice) => ({ ...content, unavailable: dice.pick([0, 1, 2, '25%', '50%']) ?? 0 }),
  (content) => ({ ...content, paused: !content.paused }),
  (content) => ({ ...content, recreate: !content.recreate }),
  (content, dice) => ({ ...content, cpu: dice.pick(['100m', '200m', '300m']) ?? '100m' }),
  (content, dice) => ({ ...content, minReadySeconds: dice.pick([0, 2, 5]) ?? 0 }),
  () => undefined,
]

/** A ReplicaSet keeps the pods that it has: a bad image would stay in them for good, as it does in Kubernetes. */
function newImage(content: Content, dice: Dice): Content {
  if (content.kind === 'ReplicaSet') return { ...content, image: dice.pick(['good:1', 'good:2', 'slow:1']) ?? 'good:1' }
  return { ...content, image: dice.pick(images) ?? 'good:1' }
}

/** The content in the last commit: whatever it became, it can work. */
export function working(content: Content): Content {
  const image = content.image.startsWith('good') || content.image.startsWith('slow') ? content.image : 'good:3'
  return { ...content, image, paused: false }
}

export function desiredOf(content: Content, commit: string, since: number): WorkloadDesired {
  const metadata: ObjectMeta = { name: content.name, namespace }
  const common = { app: 'shop', commit, since, template: templateOf(content) }
  const spec = { replicas: content.replicas, selector: {}, minReadySeconds: content.minReadySeconds }
  const template = { metadata: {}, spec: specOf(content) }
  switch (content.kind) {
    case 'Pod': {
      const object: Pod = { apiVersion: 'v1', kind: 'Pod', metadata, spec: template.spec }
      return { ...common, kind: 'Pod', object }
    }
    case 'ReplicaSet': {
      const object: ReplicaSet = { apiVersion: 'apps/v1', kind: 'ReplicaSet', metadata, spec: { ...spec, template } }
      return { ...common, kind: 'ReplicaSet', object, replicas: content.replicas }
    }
    case 'Deployment': {
      const object: Deployment = {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata,
        spec: {
          ...spec,
          template,
          paused: content.paused,
          progressDeadlineSeconds: 60,
          revisionHistoryLimit: 10,
          strategy: content.recreate
            ? { type: 'Recreate' }
            : {
                type: 'RollingUpdate',
                rollingUpdate: { maxSurge: content.surge, maxUnavailable: content.unavailable },
              },
        },
      }
      return { ...common, kind: 'Deployment', object, replicas: content.replicas }
    }
    default:
      return content.kind satisfies never
  }
}

const templates = new Map<string, Template>()

function templateOf(content: Content): Template {
  const text = JSON.stringify([content.kind, content.name, content.image, content.level, content.cpu])
  const known = templates.get(text)
  if (known) return known
  const template = resolvedTemplate(content)
  templates.set(text, template)
  return template
}

function resolvedTemplate(content: Content): Template {
  return resolveTemplate({ spec: specOf(content) }, namespace, `${content.kind}/${content.name}`, () => undefined)
}

function specOf(content: Content): PodSpec {
  const common = {
    imagePullPolicy: 'IfNotPresent',
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
  } as const
  const env = [
    { name: 'LEVEL', value: String(content.level) },
    { name: 'POD', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } } },
  ]
  return {
    containers: [
      { ...common, name: 'app', image: content.image, env, resources: { requests: { cpu: content.cpu } } },
      { ...common, name: 'helper', image: 'good:helper', resources: {} },
    ],
    dnsPolicy: 'ClusterFirst',
    enableServiceLinks: true,
    restartPolicy: 'Always',
    schedulerName: 'default-scheduler',
    securityContext: {},
    terminationGracePeriodSeconds: 5,
  }
}

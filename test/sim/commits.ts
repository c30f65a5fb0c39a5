// The repository of the simulated world: a few objects, of which each commit changes one thing.
import { type Key, keyOf } from '../../src/base/key.ts'
import type { Dice } from './dice.ts'

/** What pods of any kind are made from. */
export interface PodContent {
  readonly image: string
  readonly level: number
  readonly cpu: string
  /** Of init containers. */
  readonly init: boolean
  readonly sidecar: boolean
  /** How they read the ConfigMap. */
  readonly config: 'not' | 'volume' | 'env'
  /** They mount the claim `shared`. */
  readonly claim: boolean
}

interface Named<K extends string> {
  readonly kind: K
  readonly name: string
}

export interface ScaledContent extends PodContent, Named<'Pod' | 'ReplicaSet' | 'Deployment'> {
  readonly replicas: number
  readonly surge: number | string
  readonly unavailable: number | string
  readonly paused: boolean
  readonly recreate: boolean
  readonly minReadySeconds: number
}

export interface StatefulContent extends PodContent, Named<'StatefulSet'> {
  readonly replicas: number
  readonly start: number
  readonly parallel: boolean
  readonly partition: number
  readonly maxUnavailable: number | undefined
  readonly onDelete: boolean
  readonly minReadySeconds: number
  readonly whenScaled: 'Retain' | 'Delete'
}

export interface DaemonContent extends PodContent, Named<'DaemonSet'> {
  readonly zone: 'a' | 'b' | undefined
  readonly surge: boolean
  readonly onDelete: boolean
}

export interface JobContent extends PodContent {
  readonly completions: number
  readonly parallelism: number
  readonly indexed: boolean
  readonly backoffLimit: number
  readonly restartPolicy: 'Never' | 'OnFailure'
  readonly ttlSeconds: number | undefined
  readonly suspend: boolean
}

export interface SingleJobContent extends JobContent, Named<'Job'> {}

export interface CronContent extends JobContent, Named<'CronJob'> {
  readonly schedule: string
  readonly timeZone: string | undefined
  readonly concurrency: 'Allow' | 'Forbid' | 'Replace'
  readonly startingDeadlineSeconds: number | undefined
  readonly kept: number
  readonly keptFailed: number
}

/** What others read; `amount` is what is in it. */
export interface PassiveContent extends Named<'ConfigMap' | 'PersistentVolumeClaim' | 'ResourceQuota' | 'Service'> {
  readonly amount: number
}

/** All that a commit may change of one object. */
export type Content = ScaledContent | StatefulContent | DaemonContent | SingleJobContent | CronContent | PassiveContent

export const namespace = 'shop'

const pods = {
  image: 'good:1',
  level: 1,
  cpu: '100m',
  init: false,
  sidecar: false,
  config: 'not',
  claim: false,
} as const satisfies PodContent

const web: ScaledContent = {
  ...pods,
  kind: 'Deployment',
  name: 'web',
  replicas: 3,
  surge: 1,
  unavailable: 0,
  paused: false,
  recreate: false,
  minReadySeconds: 0,
}

const db: StatefulContent = {
  ...pods,
  kind: 'StatefulSet',
  name: 'db',
  replicas: 3,
  start: 0,
  parallel: false,
  partition: 0,
  maxUnavailable: undefined,
  onDelete: false,
  minReadySeconds: 0,
  whenScaled: 'Retain',
}

const job = {
  ...pods,
  image: 'done:1',
  completions: 1,
  parallelism: 1,
  indexed: false,
  backoffLimit: 2,
  restartPolicy: 'Never',
  ttlSeconds: undefined,
  suspend: false,
} as const satisfies JobContent

const agent: DaemonContent = {
  ...{ ...pods, kind: 'DaemonSet', name: 'agent', zone: undefined, surge: false, onDelete: false },
  init: true,
}

const tick: CronContent = {
  ...job,
  kind: 'CronJob',
  name: 'tick',
  schedule: '* * * * *',
  timeZone: undefined,
  concurrency: 'Forbid',
  startingDeadlineSeconds: undefined,
  kept: 2,
  keptFailed: 1,
}

/** All objects there may be, in groups that belong together. */
export const casts: readonly (readonly Content[])[] = [
  [
    web,
    { ...web, name: 'api', replicas: 2, surge: '25%', unavailable: '50%', minReadySeconds: 2 },
    { ...web, kind: 'ReplicaSet', name: 'cache', replicas: 2 },
    { ...web, kind: 'Pod', name: 'solo', replicas: 1, init: true, sidecar: true },
  ],
  [db, { ...db, name: 'queue', parallel: true, start: 1, replicas: 2, whenScaled: 'Delete', init: true }],
  [agent, { ...agent, name: 'proxy', surge: true, init: false, config: 'volume' }],
  [
    { ...job, kind: 'Job', name: 'migrate', init: true },
    { ...job, kind: 'Job', name: 'work', completions: 4, parallelism: 2, indexed: true, sidecar: true },
  ],
  [tick, { ...tick, name: 'nightly', schedule: '*/30 1-3 * * *', timeZone: 'Europe/Berlin', concurrency: 'Allow' }],
  [
    { ...web, name: 'store', replicas: 2, config: 'volume', claim: true },
    { ...web, name: 'site', replicas: 2, config: 'env' },
  ],
]

const configMap: PassiveContent = { kind: 'ConfigMap', name: 'settings', amount: 1 }
const claim: PassiveContent = { kind: 'PersistentVolumeClaim', name: 'shared', amount: 1 }
const quota: PassiveContent = { kind: 'ResourceQuota', name: 'quota', amount: 12 }

/** What these contents need, or are held back by. */
export function passives(contents: readonly Content[], quoted: boolean): PassiveContent[] {
  const used = contents.filter((content) => 'image' in content)
  return [
    ...(used.some(({ config }) => config !== 'not') ? [configMap] : []),
    ...(used.some((content) => content.claim) ? [claim] : []),
    ...(quoted ? [quota] : []),
  ]
}

/** One of the same name for everything whose pods answer requests. */
export function services(contents: readonly Content[]): PassiveContent[] {
  const serving = contents.filter(({ kind }) => kind === 'Deployment' || kind === 'StatefulSet' || kind === 'DaemonSet')
  return serving.map(({ name }) => ({ kind: 'Service', name, amount: 80 }))
}

export function keyOfContent({ kind, name }: Content): Key {
  return keyOf({ namespace, kind, name })
}

/** One change to one object; undefined: the object is deleted. */
export function changed(content: Content, dice: Dice): Content | undefined {
  if (dice.chance(0.07)) return undefined
  switch (content.kind) {
    case 'Pod':
    case 'ReplicaSet':
    case 'Deployment':
      return { ...content, ...(dice.pick(scaledChanges) ?? newLevel)(content, dice) }
    case 'StatefulSet':
      return { ...content, ...(dice.pick(statefulChanges) ?? newLevel)(content, dice) }
    case 'DaemonSet':
      return { ...content, ...(dice.pick(daemonChanges) ?? newLevel)(content, dice) }
    case 'Job':
      return { ...content, ...(dice.pick(jobChanges) ?? newLevel)(content, dice) }
    case 'CronJob':
      return { ...content, ...(dice.pick(cronChanges) ?? newLevel)(content, dice) }
    case 'ResourceQuota':
      return { ...content, amount: dice.between(4, 20) }
    case 'ConfigMap':
    case 'PersistentVolumeClaim':
    case 'Service':
      return { ...content, amount: content.amount + 1 }
    default:
      return content satisfies never
  }
}

type Change<C> = (content: C, dice: Dice) => Partial<C>

const images = ['good:1', 'good:2', 'good:3', 'slow:1', 'crash:1', 'never:1', 'sick:1', 'missing:1']
const steady = ['good:1', 'good:2', 'slow:1']
const endings = ['done:1', 'done:2', 'done:1', 'fail:1', 'flaky:1', 'long:1']

const newLevel: Change<PodContent> = ({ level }) => ({ level: level + 1 })
const newCpu: Change<PodContent> = (_content, dice) => ({ cpu: dice.pick(['100m', '200m', '300m']) ?? '100m' })
const newInit: Change<PodContent> = ({ init, sidecar }, dice) =>
  dice.chance(0.5) ? { init: !init } : { sidecar: !sidecar }
const podChanges: readonly Change<PodContent>[] = [newLevel, newCpu, newInit]

/** A ReplicaSet keeps the pods that it has: a bad image would stay in them for good, as it does in Kubernetes. */
const newImage = ({ kind }: { readonly kind: Content['kind'] }, dice: Dice): Partial<PodContent> => ({
  image: dice.pick(kind === 'ReplicaSet' ? steady : images) ?? 'good:1',
})

const newReplicas: Change<{ readonly replicas: number }> = (_content, dice) => ({ replicas: dice.between(0, 5) })
const newMinReady: Change<{ readonly minReadySeconds: number }> = (_content, dice) => ({
  minReadySeconds: dice.pick([0, 2, 5]) ?? 0,
})

const scaledChanges: readonly Change<ScaledContent>[] = [
  (content, dice) => (content.kind === 'Pod' ? {} : newReplicas(content, dice)),
  newImage,
  newImage,
  ...podChanges,
  (_content, dice) => ({ surge: dice.pick([0, 1, 2, '25%', '100%']) ?? 1 }),
  (_content, dice) => ({ unavailable: dice.pick([0, 1, 2, '25%', '50%']) ?? 0 }),
  ({ paused }) => ({ paused: !paused }),
  ({ recreate }) => ({ recreate: !recreate }),
  newMinReady,
]

const statefulChanges: readonly Change<StatefulContent>[] = [
  newReplicas,
  newReplicas,
  newImage,
  newImage,
  ...podChanges,
  newMinReady,
  (_content, dice) => ({ partition: dice.between(0, 3) }),
  (_content, dice) => ({ maxUnavailable: dice.pick([undefined, 1, 2]) }),
  (_content, dice) => ({ start: dice.between(0, 2) }),
  ({ onDelete }) => ({ onDelete: !onDelete }),
  ({ whenScaled }) => ({ whenScaled: whenScaled === 'Delete' ? 'Retain' : 'Delete' }),
]

const daemonChanges: readonly Change<DaemonContent>[] = [
  newImage,
  newImage,
  ...podChanges,
  (_content, dice) => ({ zone: dice.pick([undefined, 'a', 'b'] as const) }),
  ({ surge }) => ({ surge: !surge }),
  ({ onDelete }) => ({ onDelete: !onDelete }),
]

const newEnding: Change<JobContent> = (_content, dice) => ({ image: dice.pick(endings) ?? 'done:1' })
const runChanges: readonly Change<JobContent>[] = [
  newEnding,
  newEnding,
  newLevel,
  (_content, dice) => ({ completions: dice.between(1, 4) }),
  (_content, dice) => ({ parallelism: dice.between(0, 3) }),
  ({ indexed }) => ({ indexed: !indexed }),
  (_content, dice) => ({ backoffLimit: dice.between(0, 3) }),
  ({ restartPolicy }) => ({ restartPolicy: restartPolicy === 'Never' ? 'OnFailure' : 'Never' }),
  newInit,
]

const jobChanges: readonly Change<SingleJobContent>[] = [
  ...runChanges,
  (_content, dice) => ({ ttlSeconds: dice.pick([undefined, 0, 30]) }),
  ({ suspend }) => ({ suspend: !suspend }),
]

const cronChanges: readonly Change<CronContent>[] = [
  ...runChanges,
  (_content, dice) => ({ schedule: dice.pick(['* * * * *', '*/2 * * * *', '*/5 * * * *', '*/10 2 * * *']) ?? '' }),
  (_content, dice) => ({ timeZone: dice.pick([undefined, 'Europe/Berlin', 'America/New_York']) }),
  (_content, dice) => ({ concurrency: dice.pick(['Allow', 'Forbid', 'Replace'] as const) ?? 'Allow' }),
  (_content, dice) => ({ startingDeadlineSeconds: dice.pick([undefined, 20, 600]) }),
  (_content, dice) => ({ kept: dice.between(0, 3) }),
  (_content, dice) => ({ keptFailed: dice.between(0, 3) }),
  ({ suspend }) => ({ suspend: !suspend }),
]

/** The content in the last commit: whatever it became, it can work. */
export function working(content: Content): Content {
  switch (content.kind) {
    case 'Pod':
    case 'ReplicaSet':
    case 'Deployment':
      return { ...content, image: lasting(content.image), paused: false }
    case 'StatefulSet':
      // A broken pod that may keep its revision would hold up an ordered set for good, as in Kubernetes.
      return { ...content, image: lasting(content.image), onDelete: false, partition: 0 }
    case 'DaemonSet':
      return { ...content, image: lasting(content.image) }
    case 'Job':
      return { ...content, parallelism: Math.max(1, content.parallelism) }
    case 'CronJob':
      return { ...content, image: 'done:2', parallelism: Math.max(1, content.parallelism), kept: content.kept }
    case 'ResourceQuota':
      return { ...content, amount: 100 }
    case 'ConfigMap':
    case 'PersistentVolumeClaim':
    case 'Service':
      return content
    default:
      return content satisfies never
  }
}

function lasting(image: string): string {
  return image.startsWith('good') || image.startsWith('slow') ? image : 'good:3'
}

// Volumes of pods: what is made and filled before the first container starts, what is changed later, and where claims lead pods.
import type { ConfigMap, PodSpec, Secret, Volume, VolumeMount } from '../../../src/manifests/types.ts'
import type { Provision, Template } from '../../../src/reconcile/plan/desired.ts'
import { resolveTemplate } from '../../../src/reconcile/plan/template.ts'
import type { LiveVolume } from '../../../src/runtime/live.ts'
import { only } from './init-rows.ts'
import type { Row } from './rollout-rows.ts'
import { container, deployment, ended, host, liveContainer, now, pod, podSpec, view } from './world.ts'

const provision: Provision = {
  volume: {
    app: 'demo',
    namespace: 'shop',
    subject: 'PersistentVolumeClaim/data',
    detail: '',
    facts: { class: 'local' },
    driver: 'local',
    options: {},
  },
  hostPath: undefined,
  hosts: undefined,
  waits: true,
  problem: '',
  conditions: [],
}

interface Wish {
  readonly hash?: string
  readonly level?: string
  readonly volumes: readonly Volume[]
  readonly mounts?: readonly VolumeMount[]
  readonly spec?: Partial<PodSpec>
  readonly claims?: Readonly<Record<string, Provision>>
  /** The ConfigMap `conf` and the Secret `key` are not in the repository. */
  readonly without?: boolean
}

export function mounting(wish: Wish): Template {
  const { hash = 'aaa', level = 'info', volumes, spec, claims = { data: provision }, without = false } = wish
  const conf: ConfigMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'conf' }, data: { level } }
  const key: Secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'key' }, type: 'Opaque', data: {} }
  const objects = without ? [] : [conf, key]
  const volumeMounts = wish.mounts ?? volumes.map(({ name }) => ({ name, mountPath: `/${name}` }))
  const storage = {
    claim: (name: string) => claims[name],
    claimTemplate: () => undefined,
    claimTemplates: [],
  }
  const resolved = resolveTemplate(
    { spec: podSpec({ volumes: [...volumes], containers: [container({ volumeMounts: [...volumeMounts] })], ...spec }) },
    'shop',
    'Deployment/web',
    (kind, name) => objects.find((object) => object.kind === kind && object.metadata.name === name),
    { storage, annotations: {}, limitRanges: [] },
  )
  return { ...resolved, hash }
}

export const conf: Volume = { name: 'conf', configMap: { name: 'conf', defaultMode: 0o644 } }
const cache: Volume = { name: 'cache', emptyDir: {} }
const data: Volume = { name: 'data', persistentVolumeClaim: { claimName: 'data' } }

export const secret: Volume = { name: 'key', secret: { secretName: 'key', defaultMode: 0o644 } }

const facts: Volume = {
  name: 'facts',
  downwardAPI: {
    defaultMode: 0o644,
    items: [{ path: 'name', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } }],
  },
}
export const configured = mounting({ volumes: [conf] })
const newLevel = mounting({ volumes: [conf], level: 'debug' })
const claiming = mounting({ volumes: [data] })

export function contentsOf({ volumes }: Template): ReadonlyMap<string, string> {
  return new Map(volumes.flatMap(({ volume, contents }) => (contents ? [[volume.name, contents.version]] : [])))
}

export function dataOn(hostName: string): LiveVolume {
  return { ...provision.volume, host: hostName, name: 'berth-data', createdAt: now - 1_000_000 }
}

const one = (wanted: Template) => deployment(wanted, { replicas: 1 })
const filled = { contents: contentsOf(configured) }
export const secretive = mounting({ volumes: [secret] })
const made = 'create pod web-aaa-0 on local (1 replica wanted)'
const twoHosts = [host(), host({ name: 'other' })]
const far = host({ name: 'far', reachable: false, message: 'no route to host' })

export const volumes: readonly Row[] = [
  {
    title: 'files are written once, while nothing runs yet but the sandbox',
    desired: one(configured),
    expected: made,
    calls: ['createSandbox', 'start sandbox', 'createContainer app web:1', 'setUpVolumes conf', 'start app'],
  },
  {
    title: 'all of a pod is set up in one call; memory needs nothing',
    desired: one(mounting({ volumes: [conf, cache, { name: 'fast', emptyDir: { medium: 'Memory' } }] })),
    expected: made,
    calls: ['createSandbox', 'start sandbox', 'createContainer app web:1', 'setUpVolumes conf, cache', 'start app'],
  },
  {
    title: 'a container that mounts a directory of a volume is made once the directory is there',
    desired: one(
      mounting({
        volumes: [{ name: 'fast', emptyDir: { medium: 'Memory' } }],
        mounts: [{ name: 'fast', mountPath: '/tmp', subPath: 'tmp' }],
      }),
    ),
    expected: made,
    calls: ['createSandbox', 'start sandbox', 'setUpVolumes fast/tmp', 'createContainer app web:1', 'start app'],
  },
  {
    title: 'what an init container may have to write is not made a directory before',
    desired: one(
      mounting({
        volumes: [cache],
        mounts: [{ name: 'cache', mountPath: '/etc/app.conf', subPath: 'app.conf' }],
        spec: { initContainers: [container({ name: 'setup', volumeMounts: [{ name: 'cache', mountPath: '/out' }] })] },
      }),
    ),
    expected: made,
    calls: ['createSandbox', 'start sandbox', 'createContainer setup web:1', 'setUpVolumes cache', 'start setup'],
  },
  {
    title: 'directories of later containers are made before those',
    desired: one(initWriting()),
    pods: [only(initWriting(), { setup: ended(0, 50_000) })],
    expected: 'create container app of pod web-aaa-0 (initialized)',
    calls: ['setUpVolumes cache/app.conf', 'createContainer app web:1', 'start app'],
  },
  {
    title: 'a path of the host is looked at where its type asks for it',
    desired: one(mounting({ volumes: [{ name: 'sock', hostPath: { path: '/run/x.sock', type: 'Socket' } }] })),
    expected: made,
    calls: ['createSandbox', 'start sandbox', 'createContainer app web:1', 'setUpVolumes sock', 'start app'],
  },
  {
    title: 'else it is not',
    desired: one(mounting({ volumes: [{ name: 'logs', hostPath: { path: '/var/log' } }] })),
    expected: made,
    calls: ['createSandbox', 'start sandbox', 'createContainer app web:1', 'start app'],
  },
  {
    title: 'a pod that was cut off before its volumes were set up gets them first',
    desired: one(configured),
    pods: [pod(configured, 0, { each: { state: 'created', startedAt: 0 } })],
    expected: 'set up volumes of pod web-aaa-0 (its containers are about to start)',
    calls: ['setUpVolumes conf', 'start app'],
  },
  {
    title: 'a restarted sandbox has lost what was in memory',
    desired: one(configured),
    pods: [
      pod(configured, 0, {
        ...filled,
        sandbox: liveContainer('', { state: 'exited', finishedAt: now }),
        each: ended(137),
      }),
    ],
    expected: 'start sandbox of pod web-aaa-0 (it ended)',
    calls: ['start sandbox', 'setUpVolumes conf', 'recreateContainer after 0 ms, attempt 1', 'start app', 'remove'],
  },
  {
    title: 'so has that of an old revision: it gets the files of today',
    desired: deployment(mounting({ volumes: [conf], hash: 'bbb' }), { replicas: 1, paused: true }),
    pods: [
      pod(configured, 0, {
        ...filled,
        sandbox: liveContainer('', { state: 'exited', finishedAt: now }),
        each: ended(137),
      }),
    ],
    expected: 'start sandbox of pod web-aaa-0 (it ended)',
    calls: ['start sandbox', 'setUpVolumes conf', 'recreateContainer after 0 ms, attempt 1', 'start app', 'remove'],
  },
]

function initWriting(): Template {
  return mounting({
    volumes: [cache],
    mounts: [{ name: 'cache', mountPath: '/etc/app.conf', subPath: 'app.conf' }],
    spec: { initContainers: [container({ name: 'setup' })] },
  })
}

export const configChanges: readonly Row[] = [
  { title: 'files as they should be', desired: one(configured), pods: [pod(configured, 0, filled)], expected: '' },
  {
    title: 'other files: changed in place',
    desired: one(newLevel),
    pods: [pod(newLevel, 0, filled)],
    expected: 'update config of pod web-aaa-0 (volume conf)',
    calls: ['setUpVolumes conf'],
  },
  {
    title: 'also after a restart of Berth, which does not know what is in them',
    desired: one(configured),
    pods: [pod(configured, 0)],
    expected: 'update config of pod web-aaa-0 (volume conf)',
  },
  {
    title: 'not where the object asks to be left alone',
    desired: one({ ...newLevel, followsConfig: false }),
    pods: [pod(newLevel, 0, filled)],
    expected: '',
  },
  {
    title: 'pods of an old revision follow too',
    desired: one(mounting({ volumes: [conf], level: 'debug', hash: 'bbb' })),
    pods: [pod(configured, 0, filled), pod(mounting({ volumes: [conf], level: 'debug', hash: 'bbb' }), 0, filled)],
    expected: ['stop pod web-aaa-0 (old revision aaa)', 'update config of pod web-bbb-0 (volume conf)']
      .toReversed()
      .join('\n'),
  },
  {
    title: 'but not in a volume that the new one does not have',
    desired: deployment(mounting({ volumes: [], hash: 'bbb' }), { replicas: 1, paused: true }),
    pods: [pod(configured, 0)],
    expected: '',
  },
  {
    title: 'nor in one that has its files from elsewhere now',
    desired: deployment(
      mounting({ volumes: [{ name: 'conf', configMap: { name: 'conf', defaultMode: 0o600 } }], hash: 'bbb' }),
      { replicas: 1, paused: true },
    ),
    pods: [pod(configured, 0)],
    expected: '',
  },
  {
    title: 'labels in the volume of an old pod stay its own',
    desired: deployment(mounting({ volumes: [facts], hash: 'bbb' }), { replicas: 1, paused: true }),
    pods: [pod(mounting({ volumes: [facts] }), 0)],
    expected: '',
  },
  {
    title: 'a pod of an old revision that stays follows',
    desired: deployment(mounting({ volumes: [conf], level: 'debug', hash: 'bbb' }), { replicas: 1, paused: true }),
    pods: [pod(configured, 0, filled)],
    expected: 'update config of pod web-aaa-0 (volume conf)',
  },
  {
    title: 'leaving pods are left alone',
    desired: deployment(newLevel, { replicas: 0 }),
    pods: [pod(newLevel, 0, { ...filled, leaving: true, each: { stopping: true } })],
    expected: '',
  },
  {
    title: 'a crash and other files: the files first',
    desired: one(newLevel),
    pods: [pod(newLevel, 0, { ...filled, each: ended(1) })],
    expected: 'update config of pod web-aaa-0 (volume conf)',
    calls: ['setUpVolumes conf', 'recreateContainer after 0 ms, attempt 1', 'start app', 'remove'],
  },
]

const elsewhere = { volumesOf: () => [dataOn('other')], hosts: twoHosts }
const lost = { ...provision, problem: 'no persistent volume of class "fast" fits' }

export const claims: readonly Row[] = [
  {
    title: 'the volume of a claim is made with its first pod',
    desired: one(claiming),
    expected: made,
    calls: [
      'createVolume PersistentVolumeClaim/data',
      'createSandbox',
      'start sandbox',
      'createContainer app web:1',
      'setUpVolumes data',
      'start app',
    ],
  },
  {
    title: 'and is there for the next',
    desired: one(claiming),
    world: { volumesOf: () => [dataOn('local')] },
    expected: made,
    calls: ['createSandbox', 'start sandbox', 'createContainer app web:1', 'setUpVolumes data', 'start app'],
  },
  {
    title: 'records of a claim are not its data',
    desired: one(claiming),
    world: { volumesOf: () => [{ ...dataOn('other'), detail: 'expansion' }], hosts: twoHosts },
    expected: made,
  },
  {
    title: 'pods go where the data is',
    desired: one(claiming),
    world: elsewhere,
    expected: 'create pod web-aaa-0 on other (1 replica wanted)',
  },
  {
    title: 'and wait while that host does not answer',
    desired: one(claiming),
    world: { volumesOf: () => [dataOn('far')], hosts: [host(), far] },
    expected: '',
  },
  {
    title: 'pods that share a claim go to one host from the first',
    desired: deployment(claiming, { replicas: 2 }),
    world: { hosts: twoHosts },
    expected: [
      'create pod web-aaa-0 on local (2 replicas wanted)',
      'create pod web-aaa-1 on local (2 replicas wanted)',
    ].join('\n'),
  },
  {
    title: 'a volume that may be on some hosts only',
    desired: one(mounting({ volumes: [data], claims: { data: { ...provision, hosts: ['other'] } } })),
    world: { hosts: twoHosts },
    expected: 'create pod web-aaa-0 on other (1 replica wanted)',
  },
  {
    title: 'a claim that does not exist',
    desired: one(mounting({ volumes: [data], claims: {} })),
    expected: '',
  },
  {
    title: 'a claim that cannot be provided for',
    desired: one(mounting({ volumes: [data], claims: { data: lost } })),
    expected: '',
  },
  {
    title: 'no old pod goes for one whose claim is missing',
    desired: deployment(mounting({ volumes: [data], claims: {}, hash: 'bbb' }), {
      replicas: 1,
      maxSurge: 0,
      maxUnavailable: 1,
    }),
    pods: [pod(claiming, 0)],
    expected: '',
  },
  {
    title: 'the group of a claim is set',
    desired: one(mounting({ volumes: [data], spec: { securityContext: { fsGroup: 2000 } } })),
    world: { volumesOf: () => [dataOn('local')] },
    expected: made,
    calls: ['createSandbox', 'start sandbox', 'createContainer app web:1', 'setUpVolumes data group 2000', 'start app'],
  },
]

const twoMore = view([], {
  refuses: (_namespace, _spec, count) => (count > 2 ? 'exceeded quota: compute, requested: pods=1' : ''),
}).refuses

export const admission: readonly Row[] = [
  {
    title: 'a quota lets in what fits',
    desired: deployment(mounting({ volumes: [] })),
    world: { refuses: twoMore },
    expected: [
      'create pod web-aaa-0 on local (3 replicas wanted)',
      'create pod web-aaa-1 on local (3 replicas wanted)',
    ].join('\n'),
  },
  {
    title: 'what a rule of the namespace forbids is not made',
    desired: deployment({ ...mounting({ volumes: [] }), forbidden: 'maximum cpu usage per Container is 1' }),
    expected: '',
  },
]
